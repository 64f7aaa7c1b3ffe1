export interface ArtifactRef {
  id: string;
  version?: number;
}

const FORM = /^([A-Za-z0-9_-]{1,64})(?:@([1-9]\d{0,8}))?$/;

/** Reads `art_7@3`. Anything else is null, so that a broken link falls back instead of crashing. */
export function parseArtifactRef(text: unknown): ArtifactRef | null {
  const match = typeof text === "string" ? FORM.exec(text) : null;
  if (!match?.[1]) return null;
  return match[2] ? { id: match[1], version: Number(match[2]) } : { id: match[1] };
}

export function formatArtifactRef(ref: ArtifactRef): string {
  return ref.version ? `${ref.id}@${ref.version}` : ref.id;
}
