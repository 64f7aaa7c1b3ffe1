import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { z } from "zod";
import { NotFound } from "@/app/not-found";
import { PaneError } from "@/app/pane-error";
import { Shell } from "@/app/shell";
import { parseArtifactRef } from "@/lib/artifact-ref";

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: () => <NotFound />,
  errorComponent: PaneError,
});

// Unknown or broken values fall back, they never crash.
const homeSearch = z.object({
  prompt: z.string().max(4000).optional().catch(undefined),
  new: z.boolean().optional().catch(undefined),
});
export const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: homeSearch,
  component: lazyRouteComponent(() => import("@/app/home-page"), "HomePage"),
});

const threadSearch = z.object({
  a: z
    .string()
    .refine((text) => parseArtifactRef(text) !== null)
    .optional()
    .catch(undefined),
});
export const threadRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/t/$thread",
  validateSearch: threadSearch,
  component: lazyRouteComponent(() => import("@/app/thread-page"), "ThreadPage"),
});

const sourcesSearch = z.object({
  source: z.string().max(100).optional().catch(undefined),
  name: z.string().max(1000).optional().catch(undefined),
  view: z.enum(["schema", "rows"]).optional().catch(undefined),
});
export const sourcesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sources",
  validateSearch: sourcesSearch,
  component: lazyRouteComponent(() => import("@/app/sources-route"), "SourcesRoute"),
});

export const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/app/settings-route"), "SettingsRoute"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([homeRoute, threadRoute, sourcesRoute, settingsRoute]),
  defaultPreload: "intent",
  defaultErrorComponent: PaneError,
  defaultNotFoundComponent: () => <NotFound />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
