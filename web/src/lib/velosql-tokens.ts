/**
 * The one tokenizer of the SQL dialect in the browser. It feeds Monaco, chat code blocks, the phone editor and the view
 * shown before Monaco has loaded. It never fails: what it does not know is a name or a sign.
 */
export type SqlTokenKind =
  | "keyword"
  | "function"
  | "type"
  | "string"
  | "number"
  | "duration"
  | "uri"
  | "annotation"
  | "comment"
  | "name"
  | "quoted"
  | "operator"
  | "space";

export interface SqlToken {
  kind: SqlTokenKind;
  start: number;
  end: number;
}

const words = (text: string) => new Set(text.split(/\s+/));

/** Words that are keywords wherever they stand. */
const RESERVED = words(`ALL AND ANY AS BETWEEN BY CASE CREATE CROSS DELETE DISTINCT DROP ELSE EMIT END EXISTS FALSE FROM
FULL GROUP HAVING IN INNER INSERT INTO IS JOIN LEFT LIKE LIMIT NOT NULL ON OR ORDER OUTER OVER RIGHT SELECT SOME THEN
TRUE UNION UPDATE VALUES WHEN WHERE WINDOW WITH WITHIN EXCEPT INTERSECT`);

/** Words that are keywords only in some places; alone they read as keywords when written in capitals. */
const CONTEXTUAL = words(`ADVANCE AFTER ALTER ASC BUFFER CASCADE CAST CHANGES CURRENT DEPLOY DESC DESCRIBE ESCAPE EVERY
EXPIRE EXPLAIN EXTRACT FILTER FINAL FIRST FOLLOWING FOR FORCE FUNCTIONS GAP GRACE IF ILIKE INTERVAL JOB JOBS KEY LAST
LATERAL METRICS NEVER NULLS OFFSET PARTITION PARTITIONS PAUSE PERIOD PRECEDING PRIMARY PROPERTIES QUERIES QUERY RANGE
RECURSIVE REGEXP REPLACE RESET RESUME ROLLBACK ROW ROWS SCHEMA SESSION SET SHOW SIZE SLIDE SLIDING START STATUS STOP
STREAM STREAMS TABLE TABLES TOPICS TUMBLE TUMBLING HOP HOPPING TRY_CAST UNBOUNDED USING VERSION VIEW NATURAL MINUTE
MINUTES SECOND SECONDS HOUR HOURS DAY DAYS WEEK WEEKS MONTH MONTHS YEAR YEARS MILLISECOND MILLISECONDS`);

const TYPES = words(`STRING TEXT VARCHAR CHAR INTEGER INT BIGINT SMALLINT DOUBLE FLOAT REAL DECIMAL NUMERIC BOOLEAN
TIMESTAMP DATETIME DATE TIME BYTES ARRAY MAP STRUCT UUID`);

export const KEYWORDS: readonly string[] = [...RESERVED, ...CONTEXTUAL];

// Sticky patterns, tried in order. Each one matches at least one character, so the loop always moves on.
const COMMENT = /--[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const SPACE = /\s+/y;
const STRING = /'(?:[^']|'')*(?:'|$)/y;
const QUOTED = /"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)/y;
const URI = /[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s;'"]*/y;
const DURATION = /\d+(?:\.\d+)?(?:ns|us|ms|sec|min|hr|s|m|h|d|w)(?![\p{L}\p{N}_$])/uy;
const NUMBER = /0[xX][0-9A-Fa-f]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const CALL_AHEAD = /\s*\(/y;
const ANNOTATION = /^--\s*@\w/;

export function tokenizeSql(text: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  const take = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  const push = (kind: SqlTokenKind, end: number) => {
    tokens.push({ kind, start: at, end });
    at = end;
  };
  while (at < text.length) {
    let end = take(SPACE);
    if (end > at) push("space", end);
    else if ((end = take(COMMENT)) > at) push(ANNOTATION.test(text.slice(at, end)) ? "annotation" : "comment", end);
    else if ((end = take(STRING)) > at) push("string", end);
    else if ((end = take(QUOTED)) > at) push("quoted", end);
    else if ((end = take(URI)) > at) push("uri", end);
    else if ((end = take(DURATION)) > at) push("duration", end);
    else if ((end = take(NUMBER)) > at) push("number", end);
    else if ((end = take(WORD)) > at) push(wordKind(text, at, end), end);
    else push("operator", at + 1);
  }
  return tokens;
}

function wordKind(text: string, start: number, end: number): SqlTokenKind {
  const written = text.slice(start, end);
  const upper = written.toUpperCase();
  // After a dot every word is a field name.
  if (text[start - 1] === ".") return "name";
  if (RESERVED.has(upper)) return "keyword";
  CALL_AHEAD.lastIndex = end;
  const called = CALL_AHEAD.test(text);
  if (CONTEXTUAL.has(upper) && (written === upper || called)) return "keyword";
  if (TYPES.has(upper) && written === upper) return "type";
  return called ? "function" : "name";
}

/** Spans of the statements, split at semicolons outside strings and comments. Blank statements are left out. */
export function statementSpans(text: string): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = [];
  let from = 0;
  const close = (end: number) => {
    const body = text.slice(from, end);
    if (tokenizeSql(body).some((t) => t.kind !== "space" && t.kind !== "comment")) {
      const lead = body.length - body.trimStart().length;
      spans.push({ start: from + lead, end: from + body.trimEnd().length });
    }
  };
  for (const token of tokenizeSql(text)) {
    if (token.kind === "operator" && text[token.start] === ";") {
      close(token.start);
      from = token.end;
    }
  }
  close(text.length);
  return spans;
}

/** A piece of a text and where it begins. */
export interface TextPiece {
  text: string;
  start: number;
}

/** The statement to run: the one holding the cursor, else the nearest before it. */
export function statementAt(text: string, offset: number): TextPiece {
  const spans = statementSpans(text);
  const hit = spans.find((s) => offset <= s.end) ?? spans.at(-1);
  return hit ? { text: text.slice(hit.start, hit.end), start: hit.start } : { text: text.trim(), start: 0 };
}

const SQL_START = /^(select|with|create|insert|update|delete|alter|explain|show|list|describe|deploy|drop|--\s*@)\b/i;

/** Whether pasted text is SQL: it starts like a statement and has at least one more keyword. */
export function looksLikeSql(text: string): boolean {
  const body = text.trim();
  if (!SQL_START.test(body)) return false;
  return tokenizeSql(body).filter((t) => t.kind === "keyword").length >= 2;
}
