import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/query-client";
import type { StatementResult } from "@/api/types";
import { ScriptResults } from "@/features/artifacts/query-results/script-results";
import { isScript } from "@/features/artifacts/query-results/use-script";
import { TooltipProvider } from "@/ui/tooltip";

vi.mock("@/features/artifacts/query-results/live-results", () => ({
  LiveResults: ({ executionId }: { executionId: string }) => <div data-testid="rows">{executionId}</div>,
}));
afterEach(cleanup);

const SQL = "CREATE TABLE t AS SELECT 1 AS v;\nSELECT v FROM t;\nDROP TABLE x";
const statement = (number: number, more: Partial<StatementResult>): StatementResult => ({
  number,
  kind: "select",
  state: "done",
  message: "",
  ...more,
});
const SCRIPT: StatementResult[] = [
  statement(1, {
    kind: "create_table",
    message: "Table t created · 1 column · 1 row",
    execution_id: "exec_a",
    span: { offset: 0, length: 31, line: 1, column: 1 },
  }),
  statement(2, { execution_id: "exec_b", row_count: 1, span: { offset: 33, length: 15, line: 2, column: 1 } }),
  statement(3, {
    kind: "drop",
    state: "failed",
    error: { code: "VALIDATION_ERROR", message: "there is no table 'x' to drop" },
    span: { offset: 50, length: 12, line: 3, column: 1 },
  }),
];

function show(onReveal?: (statement: StatementResult) => void) {
  render(
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        <ScriptResults statements={SCRIPT} sql={SQL} title="Query" onReveal={onReveal} />
      </TooltipProvider>
    </QueryClientProvider>,
  );
}

it("a line for each statement: its sentence, its rows or what went wrong", () => {
  show();
  expect(screen.getAllByTestId("script-sentence").map((line) => line.textContent)).toEqual([
    "Table t created · 1 column · 1 row",
    "1 row",
    "Failed",
  ]);
  expect(screen.getByText("there is no table 'x' to drop")).toBeTruthy();
});

it("the rows of the last answer are open, others open on demand", () => {
  show();
  expect(screen.getAllByTestId("rows").map((rows) => rows.textContent)).toEqual(["exec_b"]);
  fireEvent.click(screen.getByText("Table t created · 1 column · 1 row"));
  expect(screen.getAllByTestId("rows").map((rows) => rows.textContent)).toEqual(["exec_a", "exec_b"]);
});

it("shows a statement in the text", () => {
  const onReveal = vi.fn();
  show(onReveal);
  fireEvent.click(screen.getByText("2:1"));
  expect(onReveal).toHaveBeenCalledWith(SCRIPT[1]);
});

it("a single query is its rows; a statement that makes something is a sentence", () => {
  expect(isScript([statement(1, {})])).toBe(false);
  expect(isScript([statement(1, { kind: "show" })])).toBe(false);
  expect(isScript([statement(1, { kind: "create_stream" })])).toBe(true);
  expect(isScript(SCRIPT)).toBe(true);
});
