/** The registry's JSON Schema, for editors. A module of its own: only what makes a registry loads it. */
import schema from '../../schemas/agent-sessions.schema.json' with { type: 'json' }

export const SCHEMA_TEXT = `${JSON.stringify(schema, null, 2)}\n`
