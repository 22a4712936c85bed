/** The memory's file. Loaded only when there is one: the schema library costs milliseconds. */
import * as z from 'zod/mini'

const driftSchema = z.object({
  class: z.enum(['A', 'B', 'C', 'D']),
  kind: z.string(),
  name: z.string(),
  server: z.string(),
  msg: z.string(),
  action: z.nullable(z.string()),
  evidence: z.record(z.string(), z.unknown()),
})

const keptSchema = z.object({
  drift: driftSchema,
  actionLine: z.optional(z.string()),
  ref: z.string(),
  /** The row's changed keys as they were before; null: there was no row. A row that still looks so was never written. */
  before: z.nullable(z.record(z.string(), z.unknown())),
})

const pendingSchema = z.object({
  /** The pass that will tell it; once that process is gone, the next pass does. */
  pid: z.number(),
  start: z.string(),
  /** Which of that process's passes: a monitor makes many. */
  pass: z.number(),
  /** Seconds since the epoch. */
  at: z.number(),
  listeners: z.array(z.string()),
  findings: z.array(keptSchema),
})

export const memorySchema = z.object({
  schema: z.literal(1),
  /** By listener: keys of the drifts that stand and were told, with the server they are about. */
  told: z.record(z.string(), z.record(z.string(), z.string())),
  pending: z.array(pendingSchema),
})

export type Memory = z.infer<typeof memorySchema>
export type Kept = z.infer<typeof keptSchema>
export type Pending = z.infer<typeof pendingSchema>
