import type { operations } from "@/api/gen/schema";

/** The JSON body of an operation as the server itself describes it. A field it does not know fails to compile. */
export type BodyOf<Name extends keyof operations> = operations[Name] extends {
  requestBody?: { content: { "application/json": infer Body } };
}
  ? Body
  : never;
