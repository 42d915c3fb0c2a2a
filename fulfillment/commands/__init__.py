"""`floor …`, a module a group of commands: opens what it needs, calls a service, reports. `cli` lists them."""
