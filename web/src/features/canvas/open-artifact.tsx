import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { Suspense, useMemo, useState, type ReactNode } from "react";
import { artifactQuery } from "@/api/artifacts";
import { toErrorBody } from "@/api/errors";
import type { Artifact } from "@/api/types";
import type { ArtifactRef } from "@/lib/artifact-ref";
import { copy } from "@/lib/copy/en";
import { Button } from "@/ui/button";
import { ChipButton } from "@/ui/chip";
import { ErrorBlock } from "@/ui/error-block";
import { HeaderSlotsContext } from "@/ui/header-slots";
import { Menu } from "@/ui/menu";

export interface OpenArtifactProps {
  open: ArtifactRef;
  onOpen: (ref: ArtifactRef) => void;
  render: (artifact: Artifact, frozen: boolean) => ReactNode;
}

/** One artifact with its frame: title, version, and the places its panel fills. */
export function OpenArtifact({ open, onOpen, render }: OpenArtifactProps) {
  const [facts, setFacts] = useState<HTMLElement | null>(null);
  const [actions, setActions] = useState<HTMLElement | null>(null);
  const slots = useMemo(() => ({ facts, actions }), [facts, actions]);
  const current = useQuery(artifactQuery(open.id));
  const pinned = useQuery({ ...artifactQuery(open.id, open.version), enabled: open.version !== undefined });
  const newest = current.data;
  const old = open.version !== undefined && newest !== undefined && open.version < newest.version;
  const artifact = old ? pinned.data : newest;
  if (!artifact) {
    const error = current.error ?? pinned.error;
    if (!error) return <div className="skeleton m-4 h-40" />;
    return (
      <div className="p-4">
        <ErrorBlock
          error={{
            ...toErrorBody(error),
            ...(toErrorBody(error).code.endsWith("NOT_FOUND") ? { message: copy.canvas.missing } : {}),
          }}
          actions={[{ label: copy.errors.retry, run: () => void current.refetch() }]}
        />
      </div>
    );
  }
  const versions = newest?.versions ?? [];
  const shown = artifact.version;
  const count = Math.max(newest?.version ?? 1, ...versions.map((v) => v.version));
  const items = Array.from({ length: count }, (_, i) => count - i).map((version) => {
    const facts = versions.find((v) => v.version === version);
    return {
      label: copy.canvas.version(version),
      checked: version === shown,
      ...(facts?.message || facts?.author ? { detail: facts.message ?? facts.author ?? "" } : {}),
      onSelect: () => onOpen(version === newest?.version ? { id: open.id } : { id: open.id, version }),
    };
  });
  return (
    <section
      data-testid="artifact"
      data-artifact-type={artifact.type}
      data-artifact-id={artifact.id}
      data-version={shown}
      data-state={old ? "readonly" : (artifact.state ?? "ready")}
      aria-label={artifact.title}
      className="flex h-full min-h-0 flex-col"
    >
      <header className="flex min-h-11 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-3 py-1">
        <h2
          title={artifact.title}
          className="max-w-full min-w-24 shrink truncate text-title font-semibold text-fg max-md:sr-only"
        >
          {artifact.title}
        </h2>
        <Menu
          align="start"
          label={copy.canvas.versions}
          items={items}
          trigger={
            <ChipButton
              data-testid="artifact-version"
              aria-label={`${copy.canvas.versions}, ${copy.canvas.version(shown)}`}
              className="num h-6 px-1.5"
            >
              {copy.canvas.version(shown)} <ChevronDown size={12} aria-hidden />
            </ChipButton>
          }
        />
        <div ref={setFacts} className="num flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1 text-meta text-fg-2" />
        <div ref={setActions} className="ms-auto flex flex-wrap items-center justify-end gap-1.5" />
      </header>
      {old && newest && (
        <div className="flex items-center gap-3 border-b border-line bg-tint-time px-3 py-1.5 text-ui">
          <span className="flex-1">{copy.canvas.oldVersion(shown, newest.version)}</span>
          <Button onClick={() => onOpen({ id: open.id })}>{copy.canvas.showNewest}</Button>
        </div>
      )}
      <div className="min-h-0 flex-1">
        <HeaderSlotsContext value={slots}>
          <Suspense fallback={<div className="skeleton m-4 h-40" />}>
            {render(artifact, old) ?? (
              <div className="p-4">
                <ErrorBlock
                  error={{
                    code: "VS8002",
                    message: copy.canvas.cannotDraw(artifact.title, artifact.type),
                    cure: copy.canvas.cannotDrawText,
                  }}
                />
              </div>
            )}
          </Suspense>
        </HeaderSlotsContext>
      </div>
    </section>
  );
}
