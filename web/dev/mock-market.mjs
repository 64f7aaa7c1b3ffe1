const SYMBOLS = { AAPL: 185.4, MSFT: 378.9, NVDA: 121.8, TSLA: 242.1, AMZN: 151.2 };
const TICK_MS = 250;

function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

/** Five random walks and the queries over them. */
export class Market {
  constructor() {
    this.next = random(7);
    this.price = { ...SYMBOLS };
    this.count = 812_000;
    this.trades = [];
    this.queries = new Set();
    const from = Date.now() - 12 * 60_000;
    for (let at = from; at < Date.now(); at += 1000) this.step(at, 4);
    this.timer = setInterval(() => this.step(Date.now(), 12), TICK_MS);
    this.timer.unref?.();
  }
  step(at, size) {
    const fresh = [];
    for (let i = 0; i < size; i++) {
      const symbols = Object.keys(this.price);
      const symbol = symbols[Math.floor(this.next() * symbols.length)];
      this.price[symbol] *= 1 + (this.next() - 0.5) * 0.002;
      fresh.push({
        symbol,
        price: Math.round(this.price[symbol] * 100) / 100,
        quantity: 10 + Math.floor(this.next() * 990) * 10,
        at: at + i,
      });
    }
    this.count += size;
    this.trades.push(...fresh);
    if (this.trades.length > 8000) this.trades = this.trades.slice(-8000);
    for (const query of this.queries) query.feed(fresh);
  }
  topics() {
    const topic = (name, partitions, total, rate) => ({
      name,
      partitions: Array.from({ length: partitions }, (_, p) => ({
        partition: p,
        low_offset: 0,
        high_offset: Math.floor(total / partitions),
        message_count: Math.floor(total / partitions),
      })),
      total_messages: total,
      is_test_topic: false,
      flags: [],
      last_message_at: new Date().toISOString(),
      rate_per_second: rate,
      format: "json",
    });
    return [
      topic("customer-events", 1, 89_000, 3),
      topic("orders", 3, 450_000, 21),
      topic("trades", 6, this.count, 48),
    ];
  }
  messages(name, limit) {
    const rows = this.trades.slice(-limit).reverse();
    return {
      messages: rows.map((t, i) => ({
        partition: i % 6,
        offset: 48213 - i,
        key: t.symbol,
        value: JSON.stringify({
          symbol: t.symbol,
          price: t.price,
          quantity: t.quantity,
          timestamp: new Date(t.at).toISOString(),
        }),
        decoded: { symbol: t.symbol, price: t.price, quantity: t.quantity, timestamp: new Date(t.at).toISOString() },
        decoder: "json",
        timestamp_ms: t.at,
        headers: [],
        error: null,
      })),
      total_returned: rows.length,
      scan: { scanned: limit, matched: limit, budget_hit: false, continue: null },
      name,
    };
  }
  start(id, sql) {
    const query = new Query(id, sql, this);
    this.queries.add(query);
    return query;
  }
}

class Query {
  constructor(id, sql, market) {
    this.id = id;
    this.sql = sql;
    this.market = market;
    this.state = "running";
    this.live = true;
    this.windowed = /WINDOW/i.test(sql);
    this.raw = !/GROUP BY/i.test(sql);
    const minutes = Number(/INTERVAL '(\d+)' MINUTE/i.exec(sql)?.[1] ?? 1);
    this.size = minutes * 60_000;
    this.rowsIn = 0;
    this.table = new Map();
    this.clients = new Set();
    this.batch = 0;
    this.log = [];
    if (this.raw) {
      this.columns = [
        { name: "symbol", type: "STRING" },
        { name: "price", type: "DOUBLE" },
        ...(/quantity|\*/i.test(sql) ? [{ name: "quantity", type: "BIGINT" }] : []),
      ];
      this.keys = [];
      this.viz = { type: "table", x: null, y: [], series: null, reason: "no aggregate" };
    } else {
      this.columns = [
        { name: "symbol", type: "String", sql_type: "STRING" },
        ...(this.windowed ? [{ name: "window_start", type: "DateTime", sql_type: "TIMESTAMP" }] : []),
        { name: "avg_price", type: "Decimal", sql_type: "DECIMAL(18,4)" },
        { name: "trades", type: "Integer", sql_type: "BIGINT" },
      ];
      this.keys = this.windowed ? ["symbol", "window_start"] : ["symbol"];
      this.viz = this.windowed
        ? { type: "line", x: "window_start", y: ["avg_price"], series: "symbol", reason: "1-minute windows by symbol" }
        : { type: "bar", x: "symbol", y: ["avg_price"], series: null, reason: "one value per symbol" };
    }
    this.first = [];
    this.feed(market.trades.slice(this.raw ? -40 : -3000), true);
  }
  feed(trades, silent = false) {
    if (this.state !== "running") return;
    this.rowsIn += trades.length;
    const changed = new Map();
    const rows = [];
    const ops = [];
    for (const t of trades) {
      if (this.raw) {
        rows.push({ symbol: t.symbol, price: t.price, ...(this.columns.length > 2 ? { quantity: t.quantity } : {}) });
        ops.push("insert");
        continue;
      }
      const start = Math.floor(t.at / this.size) * this.size;
      const key = this.windowed ? `${t.symbol}|${start}` : t.symbol;
      const held = this.table.get(key) ?? { sum: 0, n: 0, symbol: t.symbol, start, fresh: true };
      held.sum += t.price;
      held.n += 1;
      this.table.set(key, held);
      changed.set(key, held);
    }
    for (const held of changed.values()) {
      rows.push(this.row(held));
      ops.push(held.fresh ? "insert" : "update");
      held.fresh = false;
    }
    if (this.raw && silent) this.first = rows;
    if (!silent && rows.length > 0) {
      this.batch += 1;
      const message = {
        type: "rows",
        batch_number: this.batch,
        data: rows,
        ops,
        conflated: 0,
        at: new Date().toISOString(),
      };
      this.log.push(message);
      if (this.log.length > 256) this.log.shift();
      for (const client of this.clients) client.offer(message);
      for (const client of this.clients)
        client.send({
          type: "metrics",
          records_per_second: 48,
          total_records: this.rowsIn,
          rows_out: this.batch,
          rows_late: 0,
          rows_bad: 0,
          watermark: new Date(Date.now() - 2000).toISOString(),
          state_bytes: 1024 * this.table.size,
        });
    }
  }
  row(held) {
    return {
      symbol: held.symbol,
      ...(this.windowed ? { window_start: new Date(held.start).toISOString() } : {}),
      avg_price: (held.sum / held.n).toFixed(4),
      trades: held.n,
    };
  }
  snapshot() {
    const rows = this.raw ? this.first : [...this.table.values()].map((held) => this.row(held));
    return {
      rows,
      metadata: {
        row_count: rows.length,
        rows_in: this.rowsIn,
        is_streaming: true,
        rows_late: 0,
        rows_bad: 0,
        execution_time_ms: 4,
      },
    };
  }
  attach(socket, params) {
    const after = Number(params.get("after") ?? 0);
    const client = {
      acked: this.batch,
      paused: false,
      waiting: [],
      send: (message) => socket.readyState === 1 && socket.send(JSON.stringify(message)),
      offer: (message) => {
        if (client.paused || message.batch_number - client.acked > 16) client.waiting.push(message);
        else client.send(message);
      },
    };
    client.send({
      type: "connected",
      execution_id: this.id,
      columns: this.columns,
      key_columns: this.keys,
      state: this.state,
      viz: this.viz,
      window: 16,
      resumed_from: after || null,
    });
    if (after > 0) for (const message of this.log.filter((m) => m.batch_number > after)) client.send(message);
    else client.send({ type: "snapshot", data: this.snapshot().rows, batch_number: this.batch, reason: "resume" });
    this.clients.add(client);
    if (this.state !== "running") client.send({ type: "state", state: this.state });
    socket.on("message", (text) => {
      const message = JSON.parse(String(text));
      if (message.action === "ack") client.acked = message.batch_number;
      if (message.action === "pause") client.paused = true;
      if (message.action === "resume") client.paused = false;
      if (!client.paused) {
        for (const waiting of client.waiting) client.send(waiting);
        client.waiting = [];
      }
      if (message.action === "cancel") this.stop();
    });
    socket.on("close", () => this.clients.delete(client));
  }
  stop() {
    this.state = "cancelled";
    this.market.queries.delete(this);
    for (const client of this.clients)
      client.send({
        type: "complete",
        total_rows: this.table.size,
        execution_time_ms: 1200,
        accounting: { in: this.rowsIn, late: 0, bad: 0 },
      });
  }
}
