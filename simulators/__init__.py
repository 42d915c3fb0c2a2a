"""The other end of everything: the devices, people and places that a floor runs against.

Product code, shared by the demo and the tests. Owns the physical truth of the simulated world.
Refuses every import of the server and of `devices`: what is checked against them must not be made of them.
"""
