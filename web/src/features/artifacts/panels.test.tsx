import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { queryClient } from "@/api/query-client";
import { StudioActionsContext, type StudioActions } from "@/api/studio-actions";
import type { Artifact } from "@/api/types";
import previewSample from "@/features/artifacts/data-preview/sample.json";
import DataPreviewPanel from "@/features/artifacts/data-preview/panel";
import { readDataPreview } from "@/features/artifacts/data-preview/guard";
import schemaSample from "@/features/artifacts/schema-viewer/sample.json";
import SchemaViewerPanel from "@/features/artifacts/schema-viewer/panel";
import { readSchemaViewer } from "@/features/artifacts/schema-viewer/guard";
import topicsSample from "@/features/artifacts/topic-list/sample.json";
import TopicListPanel from "@/features/artifacts/topic-list/panel";
import { readTopicList } from "@/features/artifacts/topic-list/guard";
import { TooltipProvider } from "@/ui/tooltip";

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});
afterEach(cleanup);

const artifact = (type: string, title: string): Artifact => ({ id: "art_1", type, version: 2, title, data: {} });
const actions = () =>
  ({ threadId: "thr_1", ask: vi.fn(), prefill: vi.fn(), act: vi.fn(), openArtifact: vi.fn() }) satisfies StudioActions;
function show(node: ReactNode, value: StudioActions = actions()) {
  return render(
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        <StudioActionsContext value={value}>{node}</StudioActionsContext>
      </TooltipProvider>
    </QueryClientProvider>,
  );
}

it("schema: one row per field with type and example, and Preview runs the tool of the topic", () => {
  const value = actions();
  show(
    <SchemaViewerPanel
      artifact={artifact("schema-viewer", "trades")}
      data={readSchemaViewer(schemaSample)!}
      frozen={false}
    />,
    value,
  );
  expect(screen.getAllByTestId("schema-field").map((row) => row.textContent)).toHaveLength(4);
  expect(screen.getAllByTestId("schema-field")[0]?.textContent).toContain("AAPL");
  fireEvent.click(screen.getByRole("button", { name: "Preview" }));
  expect(value.act).toHaveBeenCalledWith(
    "peek_messages",
    { topic: "trades", limit: 10 },
    expect.objectContaining({ id: "art_1" }),
  );
});

it("topics: partitions, count and warning of each, named buttons that run tools", () => {
  const value = actions();
  show(
    <TopicListPanel
      artifact={artifact("topic-list", "Topics on broker1")}
      data={readTopicList(topicsSample)!}
      frozen={false}
    />,
    value,
  );
  expect(screen.getByRole("grid", { name: "Topics on broker1" })).toBeTruthy();
  const row = screen.getAllByTestId("topic-row")[0];
  expect(row?.textContent).toContain("6 partitions");
  expect(row?.textContent).toContain("1.2M messages");
  fireEvent.click(screen.getByRole("button", { name: "Schema trades" }));
  expect(value.act).toHaveBeenCalledWith("inspect_topic", { topic: "trades" }, expect.anything());
});

it("preview: a message list shows the unreadable record with its reason", () => {
  show(
    <DataPreviewPanel
      artifact={artifact("data-preview", "Newest trades")}
      data={readDataPreview(previewSample)!}
      frozen={false}
    />,
  );
  fireEvent.click(screen.getByRole("radio", { name: "Messages" }));
  expect(screen.getByText("Byte 1: { expected.")).toBeTruthy();
  expect(screen.getByText("not json")).toBeTruthy();
});

it("preview: says what belongs here when it is empty", () => {
  show(
    <DataPreviewPanel
      artifact={artifact("data-preview", "Newest")}
      data={{ ...readDataPreview(previewSample)!, messages: [] }}
      frozen={false}
    />,
  );
  expect(screen.getByTestId("empty-state")).toBeTruthy();
});
