// What went wrong, in one word that a log may hold.

import { sqlStateOf } from './database.ts'

/** The database's own code where there is one, else the kind of the error: never its message, which can carry what a log may not. */
export function reasonOf(error: unknown): string {
  return sqlStateOf(error) ?? (error instanceof Error ? error.name : 'unknown')
}
