// The ring that several tests review: one inviter with two alts, and a real friend of low score. 10 USD of rebate from each of the three.

import type { TestDatabase } from '../database.ts'
import type { Reviewer } from '../../src/review/index.ts'
import type { NewProgram } from '../../src/policies/index.ts'
import { type Desk, makeDesk } from './desk.ts'

export interface RingOfFour {
  readonly desk: Desk
  readonly ann: Reviewer
  readonly hub: bigint
  readonly alts: readonly [bigint, bigint]
  readonly friend: bigint
  readonly ringId: bigint
  readonly members: readonly (readonly [bigint, number])[]
  readonly target: { readonly ringId: string }
}

export async function ringOfFour(setting: TestDatabase, program?: NewProgram): Promise<RingOfFour> {
  const desk = await makeDesk(setting, program)
  const { programme } = desk
  const hub = await programme.account('hub')
  const alts = [await programme.account('alt1'), await programme.account('alt2')] as const
  const friend = await programme.account('friend')
  for (const each of [...alts, friend]) {
    await programme.signUp(each, hub)
    await programme.recharge(`recharge-${each}`, each, '200')
    setting.clock.advance(60)
  }
  const members = [[hub, 0.9], [alts[0], 0.95], [alts[1], 0.97], [friend, 0.2]] as const
  const found = await desk.scan({ rings: [{ members }] })
  const ringId = found.ringIds[0] ?? 0n
  return { desk, ann: await desk.reviewer('ann'), hub, alts, friend, ringId, members, target: { ringId: ringId.toString() } }
}
