import * as z from 'zod/mini'

/** A key that may be left out of a file that people edit. Editors show the description, by way of `schemas/`. */
export function described<T extends z.core.$ZodType>(description: string, schema: T): z.ZodMiniOptional<T> {
  const key = z.optional(schema)
  z.globalRegistry.add(key, { description })
  return key
}
