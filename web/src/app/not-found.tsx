import { Link } from "@tanstack/react-router";
import { copy } from "@/lib/copy/en";
import { EmptyState } from "@/ui/empty-state";

export function NotFound({
  title = copy.errors.notFound,
  text = copy.errors.notFoundText,
}: {
  title?: string;
  text?: string;
}) {
  return (
    <div className="h-full" data-testid="not-found">
      <EmptyState title={title} text={text}>
        <Link
          to="/"
          search={{ new: true }}
          className="inline-flex h-[var(--control)] items-center rounded-control border border-line px-3 text-ui text-fg hover:bg-hover"
        >
          {copy.errors.home}
        </Link>
      </EmptyState>
    </div>
  );
}
