import { z } from "zod";

// The content security policy has no eval. Zod tries it once when the first schema is made, which would be reported
// as a violation on every start; so this module must be the first import of the app.
z.config({ jitless: true });
