/** A border: a place where what strangers wrote comes in. */
import type fc from 'fast-check'

/** What came back of an input: a value, and every text of it that people get to see. */
export interface Answer {
  value?: unknown
  said?: readonly string[]
}

export interface Property<Input = never> {
  /** `registry`, `job files` … */
  border: string
  /** How it is read there. */
  what: string
  inputs: fc.Arbitrary<Input>
  /** Puts files into the folder, before it is sealed: what changes there afterwards was changed by the reader. */
  prepare?(input: Input, folder: string): void
  /** Reads. What it throws must be a CodedError. */
  run(input: Input, folder: string): Promise<Answer | undefined> | Answer | undefined
  /** A file below the folder that every error must name. */
  file?: string
  /** Stands in inputs, and must not stand in anything that is told. */
  secret?: string
  /** How much of the time it gets beside the others; 1 unless said. */
  share?: number
}

/** Properties take different inputs: the table holds them without theirs. */
export type AnyProperty = Property<never>

/** Keeps the type of a property's inputs where it is written, and forgets it where it is listed. */
export function property<Input>(of: Property<Input>): AnyProperty {
  return of as unknown as AnyProperty
}

/** The value below every hostile prototype key: found anywhere by inheritance, it has leaked. */
export const POLLUTED = 'polluted'
