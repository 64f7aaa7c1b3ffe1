import { bags, formatName, isBag, number, text, textOrNull, texts } from "@/features/artifacts/guards";

export interface TopicItem {
  name: string;
  kind: string;
  partitions: number | null;
  messages: number | null;
  bytes: number | null;
  modifiedAt: string | null;
  format: string | null;
  rate: number | null;
  flags: string[];
}
export interface TopicListData {
  sourceId: string | null;
  total: number;
  items: TopicItem[];
}

export function readTopicList(value: unknown): TopicListData | null {
  if (!isBag(value)) return null;
  const list = Array.isArray(value["items"]) ? value["items"] : value["topics"];
  if (!Array.isArray(list)) return null;
  const items = bags(list).map((item) => ({
    name: text(item["name"]),
    kind: text(item["kind"], "topic"),
    partitions: Array.isArray(item["partitions"]) ? item["partitions"].length : number(item["partitions"]),
    messages: number(item["message_count"]) ?? number(item["total_messages"]),
    bytes: number(item["size_bytes"]),
    modifiedAt: textOrNull(item["modified_at"]) ?? textOrNull(item["last_message_at"]),
    format: formatName(item["format"]),
    rate: number(item["rate_per_second"]),
    flags: texts(item["flags"]),
  }));
  return { sourceId: textOrNull(value["source_id"]), total: number(value["total"]) ?? items.length, items };
}
