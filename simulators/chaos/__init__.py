"""A real floor under chaos: everything is killed, cut, starved and repeated; then paper and scanners' tapes are
compared with the database.

    python -m simulators.chaos --seed 7 --jobs 400 --scans 4000 --json -

    guns on ptys ─► agents (processes) ─► faulty lines ─► web (gunicorn) ─► SQLite ◄─ outbox worker ─► printers (tapes)
                       └─► printers behind the benches (TCP, serial)

Owns nothing of the product: it starts it as a person would (`floor init|import|run`, `python -m devices.agent`), talks
to it over HTTP, and reads the database's file once all has ended.
"""
