import { ChartLine, Code, List, Rows3, TableProperties, type LucideIcon } from "lucide-react";

const ICONS: Record<string, LucideIcon> = {
  "sql-editor": Code,
  "query-results": ChartLine,
  "schema-viewer": TableProperties,
  "topic-list": List,
  "data-preview": Rows3,
};

export function ArtifactIcon({ type, className, size = 15 }: { type: string; className?: string; size?: number }) {
  const Icon = ICONS[type] ?? Rows3;
  return <Icon size={size} strokeWidth={1.5} aria-hidden className={`shrink-0 ${className ?? ""}`} />;
}
