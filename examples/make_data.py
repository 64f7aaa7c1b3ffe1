#!/usr/bin/env python3
"""Writes the input of the example applications, the same for the same seed.

Usage: examples/make_data.py [--rows N] [--seed N] [--out FOLDER] [name...]
Without --out every application gets its data/ folder beside its app.sql. Times lie on 2026-03-02, events a little out of
order, as real ones are.
"""
import argparse
import csv
import datetime
import json
import random
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DAY = datetime.datetime(2026, 3, 2, 9, 0, 0)


class Writer:
    """Files of one application."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def csv(self, name, header, rows):
        with open(self.folder / f"{name}.csv", "w", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(["" if cell is None else cell for cell in row] for row in rows)

    def jsonl(self, name, records):
        with open(self.folder / f"{name}.jsonl", "w") as out:
            for record in records:
                out.write(json.dumps(record, separators=(",", ":")) + "\n")


def times(random, rows, span_minutes, jitter_seconds=3.0):
    """Event times over `span_minutes`, rising, each moved back by up to `jitter_seconds`."""
    for i in range(rows):
        at = DAY + datetime.timedelta(minutes=span_minutes * i / rows, seconds=-random.random() * jitter_seconds)
        yield at.isoformat(sep=" ", timespec="milliseconds")


def money(random, low, high):
    return f"{random.uniform(low, high):.2f}"


def trading(random, rows, out):
    symbols = {"AAPL": 185.0, "MSFT": 410.0, "NVDA": 880.0, "AMZN": 178.0, "TSLA": 205.0}
    out.csv("symbols", ["symbol", "company", "sector"],
            [["AAPL", "Apple", "Hardware"], ["MSFT", "Microsoft", "Software"], ["NVDA", "Nvidia", "Chips"],
             ["AMZN", "Amazon", "Retail"]])
    trades = []
    for i, at in enumerate(times(random, rows, 30)):
        symbol = random.choice(list(symbols))
        symbols[symbol] *= 1 + random.gauss(0, 0.004)
        quantity = random.choice([10, 50, 100, 200, 500]) * (40 if random.random() < 0.01 else 1)
        trades.append([i + 1, symbol, f"{symbols[symbol]:.2f}", quantity, random.choice(["NYSE", "NASDAQ", "ARCA"]), at])
    out.csv("trades", ["trade_id", "symbol", "price", "quantity", "exchange", "timestamp"], trades)


def fraud(random, rows, out):
    users = [f"u{n:03d}" for n in range(1, 41)]
    places = ["Berlin", "Paris", "London", "Madrid", "Rome"]
    home = {user: random.choice(places) for user in users}
    out.csv("blocked_merchants", ["merchant_id", "reason"], [["m07", "chargebacks"], ["m13", "stolen cards"]])
    out.csv("users", ["user_id", "country", "daily_limit"],
            [[user, random.choice(["DE", "FR", "UK"]), random.choice([500, 1000, 5000])] for user in users])
    records = []
    for i, at in enumerate(times(random, rows, 60)):
        user = random.choice(users[:3]) if random.random() < 0.15 else random.choice(users)
        records.append({
            "transaction_id": f"t{i + 1:05d}", "user_id": user,
            "amount": money(random, 900, 4000) if random.random() < 0.05 else money(random, 2, 180),
            "merchant_id": f"m{random.randint(1, 20):02d}",
            "location": random.choice(places) if random.random() < 0.08 else home[user], "timestamp": at})
    out.jsonl("transactions", records)


def iot(random, rows, out):
    devices = [f"d{n:02d}" for n in range(1, 13)]
    out.csv("devices", ["device_id", "site", "max_temperature"],
            [[device, random.choice(["north", "south"]), random.choice([70, 75, 80])] for device in devices])
    heat = {device: random.uniform(50, 66) for device in devices}
    readings = []
    for i, at in enumerate(times(random, rows, 90, 8.0)):
        # Every device falls silent for a while, each at another time.
        device = random.choice([name for n, name in enumerate(devices) if not n / 13 < i / rows < n / 13 + 0.12])
        heat[device] += random.gauss(0.1, 1.6)
        battery = None if random.random() < 0.03 else random.randint(5, 100)
        readings.append([device, f"{heat[device]:.1f}", random.randint(20, 90), battery, at])
    out.csv("readings", ["device_id", "temperature", "humidity", "battery", "reading_time"], readings)


def sre(random, rows, out):
    services = ["checkout", "search", "login", "catalog"]
    requests = []
    for i, at in enumerate(times(random, rows, 40)):
        service = random.choice(services)
        bad = service == "checkout" and 0.45 < i / rows < 0.6
        status = random.choices([200, 404, 500, 503], [80, 8, 6, 30 if bad else 2])[0]
        requests.append({"service": service, "endpoint": random.choice(["/", "/items", "/cart"]), "status": status,
                         "latency_ms": round(random.lognormvariate(4 + (1.2 if bad else 0), 0.6), 1),
                         "region": random.choice(["eu", "us"]), "ts": at})
    out.jsonl("requests", requests)
    deploys = [[random.choice(services), f"1.{n}.0", at]
               for n, at in enumerate(times(random, 6, 40, 0.0), start=1)]
    out.csv("deploys", ["service", "version", "deployed_at"], deploys)


def retail(random, rows, out):
    customers = [f"c{n:03d}" for n in range(1, 31)]
    out.csv("customers", ["customer_id", "segment", "region"],
            [[c, random.choice(["gold", "silver", "new"]), random.choice(["north", "south", "west"])]
             for c in customers[:-3]])
    prices = {"kettle": "39.90", "mug": "7.50", "lamp": "24.00", "desk": "219.00", "chair": "89.95"}
    orders, payments = [], []
    for i, at in enumerate(times(random, rows, 120)):
        items = [{"sku": sku, "quantity": random.randint(1, 3), "price": prices[sku]}
                 for sku in random.sample(list(prices), random.randint(1, 3))]
        total = sum(float(item["price"]) * item["quantity"] for item in items)
        order = {"order_id": f"o{i + 1:05d}", "customer_id": random.choice(customers), "items": items,
                 "total": f"{total:.2f}", "ordered_at": at}
        orders.append(order)
        if random.random() < 0.85:
            paid = datetime.datetime.fromisoformat(at) + datetime.timedelta(seconds=random.uniform(1, 1500))
            payments.append([order["order_id"], order["total"], random.choice(["card", "transfer"]),
                             paid.isoformat(sep=" ", timespec="milliseconds")])
    payments.sort(key=lambda row: row[3])
    out.jsonl("orders", orders)
    out.csv("payments", ["order_id", "amount", "method", "paid_at"], payments)


def clickstream(random, rows, out):
    users = [f"v{n:03d}" for n in range(1, 61)]
    devices = {user: random.choice([["phone"], ["desktop"], ["phone", "desktop"]]) for user in users}
    records = []
    for at in times(random, rows, 180):
        user = random.choice(users)
        step = random.choices(["view", "view", "add_to_cart", "checkout", "purchase"], [50, 20, 15, 9, 6])[0]
        records.append({"user_id": user, "event": step,
                        "page": random.choice(["/home", "/search", "/item/1", "/item/2", "/cart"]),
                        "device": {"type": random.choice(devices[user]), "os": random.choice(["ios", "linux"])},
                        "ts": at})
    out.jsonl("events", records)


def logs(random, rows, out):
    texts = {"ERROR": ["timeout after 3000 ms calling inventory", "cannot connect to db-2:5432", "out of memory"],
             "WARN": ["slow query took 1840 ms", "retry 2 of 5"], "INFO": ["request done", "cache refreshed"]}
    records = []
    for i, at in enumerate(times(random, rows, 45)):
        level = random.choices(["INFO", "WARN", "ERROR"], [70, 20, 10])[0]
        records.append({"ts": at, "level": level, "service": random.choice(["api", "worker", "billing"]),
                        "host": f"host-{random.randint(1, 4)}", "message": random.choice(texts[level]),
                        "trace_id": f"{random.getrandbits(32):08x}"})
    out.jsonl("logs", records)


def agents(random, rows, out):
    rates = {"large": "0.015", "small": "0.002"}
    out.csv("models", ["model", "price_per_1k"], [[model, rate] for model, rate in rates.items()])
    out.csv("budgets", ["agent", "budget"], [["researcher", "2.00"], ["coder", "5.00"], ["support", "0.50"]])
    records = []
    for i, at in enumerate(times(random, rows, 120)):
        agent = random.choice(["researcher", "coder", "support", "planner"])
        records.append({"call_id": i + 1, "agent": agent, "model": random.choice(list(rates)),
                        "tool": random.choice(["search", "read_file", "run_tests", "answer"]),
                        "tokens_in": random.randint(200, 6000), "tokens_out": random.randint(20, 1500),
                        "status": random.choices(["ok", "error", "timeout"], [85, 10, 5])[0], "ts": at})
    out.jsonl("calls", records)


def parcels(random, rows, out):
    hubs = ["HAM", "BER", "MUC", "CGN"]
    out.csv("hubs", ["hub", "region"], [["HAM", "north"], ["BER", "east"], ["MUC", "south"]])
    scans = []
    for i, at in enumerate(times(random, rows, 150)):
        due = datetime.datetime.fromisoformat(at) + datetime.timedelta(minutes=random.uniform(-60, 90))
        scans.append([f"p{random.randint(1, rows // 2):05d}", random.choice(hubs),
                      random.choice(["ARRIVED", "ARRIVED", "LEFT"]), f"{random.uniform(0.2, 30):.3f}",
                      due.isoformat(sep=" ", timespec="milliseconds"), at])
    out.csv("scans", ["parcel_id", "hub", "status", "weight_kg", "due_at", "scanned_at"], scans)


def energy(random, rows, out):
    meters = [f"meter-{n:02d}" for n in range(1, 9)]
    out.csv("tariffs", ["meter_id", "tariff", "price_kwh"],
            [[meter, random.choice(["day", "night"]), random.choice(["0.2890", "0.3120"])] for meter in meters])
    readings = []
    for at in times(random, rows, 240):
        spike = random.random() < 0.03
        readings.append([random.choice(meters), f"{random.uniform(0.05, 0.6) * (8 if spike else 1):.3f}", at])
    out.csv("readings", ["meter_id", "kwh", "measured_at"], readings)


def games(random, rows, out):
    players = [f"player{n:02d}" for n in range(1, 26)]
    matches, purchases = [], []
    for i, at in enumerate(times(random, rows, 100)):
        matches.append({"match_id": i + 1, "player": random.choice(players), "score": random.randint(0, 5000),
                        "won": random.random() < 0.5, "mode": random.choice(["duel", "squad"]), "ended_at": at})
        if random.random() < 0.2:
            purchases.append([random.choice(players), random.choice(["skin", "pass", "coins"]),
                              random.choice(["0.99", "4.99", "19.99"]), at])
    out.jsonl("matches", matches)
    out.csv("purchases", ["player", "item", "price", "bought_at"], purchases)


def ledger(random, rows, out):
    entries, bank = [], []
    for i, at in enumerate(times(random, rows, 200)):
        amount = money(random, -900, 1200)
        reference = f"r{i + 1:05d}"
        entries.append([reference, random.choice(["acc-1", "acc-2", "acc-3"]), amount, at])
        chance = random.random()
        if chance < 0.92:
            bank.append([reference, amount if chance > 0.04 else f"{float(amount) + 0.1:.2f}"])
    bank += [[f"x{n:03d}", money(random, 1, 50)] for n in range(3)]
    random.shuffle(bank)
    out.csv("entries", ["reference", "account", "amount", "booked_at"], entries)
    out.csv("bank", ["reference", "amount"], bank)


APPLICATIONS = {"trading": trading, "fraud": fraud, "iot": iot, "sre": sre, "retail": retail,
                "clickstream": clickstream, "logs": logs, "agents": agents, "parcels": parcels, "energy": energy,
                "games": games, "ledger": ledger}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=240)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path)
    parser.add_argument("names", nargs="*", default=list(APPLICATIONS))
    options = parser.parse_args()
    for name in options.names:
        folder = (options.out or ROOT) / name / "data"
        APPLICATIONS[name](random.Random(f"{options.seed}/{name}"), options.rows, Writer(folder))


if __name__ == "__main__":
    main()
