// What a rule of `verify` is: a query for the first row that breaks it, or, where SQL cannot recompute it, a function that looks for one.

import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'

/** Table and id of the first wrong row, and what is wrong there. */
export interface WrongRow {
  readonly place: string
  readonly found: string
}

/** The query gives the columns place and found, ordered so that its first row is the earliest wrong one. */
export interface BookRule {
  readonly name: string
  readonly sentence: string
  readonly query: string
}

export interface Verifier {
  readonly name: string
  readonly sentence: string
  find(parts: { readonly database: Database; readonly keys: KeyRing }): Promise<WrongRow | null>
}
