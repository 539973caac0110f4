// The rule against circles of invitations, by walking up: everybody has one inviter at most, so a walk either ends or comes round.
// Promises: linear in the number of relations, which a recursive query is not when one member invited many.

import type { Database } from '../base/database.ts'
import type { Verifier, WrongRow } from './verifier.ts'

interface Relation {
  readonly id: bigint
  readonly program: string
  readonly inviter: string
  readonly invitee: string
}

const PAGE = 50_000

export const circleVerifier: Verifier = {
  name: 'circles',
  sentence: 'No chain of invitations runs in a circle.',
  async find({ database }): Promise<WrongRow | null> {
    const above = new Map<string, Relation>()
    for await (const relation of relations(database)) above.set(`${relation.program} ${relation.invitee}`, relation)
    /** Whether the walk up from a member ends; walks that were made are not made again. */
    const ends = new Map<string, boolean>()
    let first: bigint | null = null
    for (const [start, relation] of above) {
      const path: string[] = []
      const onPath = new Set<string>()
      let at: string | undefined = start
      while (at !== undefined && !ends.has(at) && !onPath.has(at)) {
        path.push(at)
        onPath.add(at)
        const up: Relation | undefined = above.get(at)
        at = up === undefined ? undefined : `${up.program} ${up.inviter}`
      }
      const isEnding = at === undefined ? true : onPath.has(at) ? false : ends.get(at) === true
      for (const each of path) ends.set(each, isEnding)
      if (ends.get(start) === false && (first === null || relation.id < first)) first = relation.id
    }
    return first === null ? null : { place: `referral ${first}`, found: 'it is in or below a circle' }
  },
}

/** Only relations whose inviter was invited too: the others cannot be in a circle, nor below one. */
async function* relations({ pool }: Database): AsyncIterable<Relation> {
  for (let after = '0'; ;) {
    const { rows } = await pool.query<{ id: string; program: string; inviter: string; invitee: string }>(
      `select r.id, r.program_id as program, r.inviter_id as inviter, r.invitee_id as invitee from referral r
         where r.id > $1 and exists (select 1 from referral a where a.program_id = r.program_id and a.invitee_id = r.inviter_id) order by r.id limit $2`, [after, PAGE])
    for (const row of rows) yield { ...row, id: BigInt(row.id) }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
  }
}
