// One published programme of the catalogue on a test's own database: members, pairs of them, and payments that their friends make.

import { randomUUID } from 'node:crypto'
import { createLog } from '../../src/base/log.ts'
import { hashIdentifier } from '../../src/base/hashing.ts'
import { ensureActor } from '../../src/identities/index.ts'
import type { AskingDesk } from '../../src/payouts/index.ts'
import type { NewProgram } from '../../src/policies/index.ts'
import type { EarnedRebate, EventAnswer, EventFact } from '../../src/programs/index.ts'
import type { TestDatabase } from '../database.ts'
import { makeProgramme, type Programme, units } from './programme.ts'

export interface Pair {
  readonly inviter: bigint
  readonly friend: bigint
}

export interface Published extends Programme {
  fresh(): Promise<bigint>
  /** A member and a friend who signed up with the member's code. */
  pair(at?: Date): Promise<Pair>
  /** A payment of the kind that the programme rewards. */
  pay(accountId: bigint, amount: string, more?: Partial<EventFact>): Promise<EventAnswer>
  /** What a payment earned; throws where it earned nothing. */
  earned(accountId: bigint, amount: string, more?: Partial<EventFact>): Promise<EarnedRebate>
  observe(accountId: bigint, kind: string, value: string): Promise<void>
  /** Somebody at the desk: a person, or the platform's key. */
  desk(kind: 'person' | 'key', name: string): Promise<AskingDesk>
}

export const silentLog = createLog('silent')

export async function makePublished(test: TestDatabase, program: NewProgram): Promise<Published> {
  const programme = await makeProgramme(test, program)
  const { database, clock, keys } = test
  const type = program.versions[0]?.content.base === 'payment' ? 'payment' : 'recharge'
  const fresh = () => programme.account(randomUUID())
  const pay: Published['pay'] = (accountId, amount, more = {}) => programme.record({ type, accountId, amount: units(amount), asset: 'USD', ...more })
  return {
    ...programme, fresh, pay,
    pair: async (at) => {
      const [inviter, friend] = [await fresh(), await fresh()]
      const answer = await programme.signUp(friend, inviter, at)
      if (!answer.ok || answer.attributed.some(({ notPayable }) => notPayable !== null)) throw new Error('The friend was not bound.')
      return { inviter, friend }
    },
    earned: async (accountId, amount, more) => {
      const answer = await pay(accountId, amount, more)
      if (!answer.ok || answer.rebates.length !== 1 || answer.rebates[0] === undefined) throw new Error(`It earned ${answer.ok ? `${answer.rebates.length} rebates` : answer.reason}.`)
      return answer.rebates[0]
    },
    observe: async (accountId, kind, value) => {
      const hash = new Uint8Array(hashIdentifier(keys, kind, value).hash)
      await database.prisma.identifier.createMany({ data: [{ kind, hash, keyId: 1, recordedAt: clock.now() }], skipDuplicates: true })
      const { id: identifierId } = await database.prisma.identifier.findUniqueOrThrow({ where: { kind_hash: { kind, hash } } })
      const { batchId } = await database.prisma.account.findUniqueOrThrow({ where: { id: accountId } })
      await database.prisma.observation.create({ data: { accountId, identifierId, occurredAt: clock.now(), recordedAt: clock.now(), batchId } })
    },
    desk: async (kind, name) => ({
      database, keys, clock, check: programme.recorder.check, actorId: await database.inTransaction((transaction) => ensureActor(transaction, clock, kind, `${name} ${programme.programId}`)),
    }),
  }
}
