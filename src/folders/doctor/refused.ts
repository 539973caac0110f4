// Gathers refusals as a folder is read, so that the check-up can name how many there are and the first of each file.
import type { Refusal, RefusalScope } from '../refusals.ts'

export interface RefusedInFile {
  readonly first: Refusal
  count: number
}

export class RefusalTally {
  private readonly tallies: Record<RefusalScope, Map<string, RefusedInFile>> = {
    cell: new Map(), row: new Map(), file: new Map(), folder: new Map(),
  }

  add(refusal: Refusal): void {
    const tally = this.tallies[refusal.scope]
    const known = tally.get(refusal.file)
    if (known === undefined) tally.set(refusal.file, { first: refusal, count: 1 })
    else known.count += 1
  }

  of(scope: RefusalScope): readonly RefusedInFile[] {
    return [...this.tallies[scope].values()]
  }
}
