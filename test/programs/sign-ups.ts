// Sign-ups straight into attribution, as the intake hands them over: many at once, with clicks, resources and observations.

import { randomUUID } from 'node:crypto'
import { hashIdentifier } from '../../src/base/hashing.ts'
import { type Attributed, attributeAll, type SignUp } from '../../src/programs/attribution/attribution.ts'
import { type NewClick, recordClick } from '../../src/programs/attribution/clicks.ts'
import { resourceHash } from '../../src/programs/attribution/account-resources.ts'
import { type NewProgram, publishProgram, type ProgramRulesInput } from '../../src/policies/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import type { TestDatabase } from '../database.ts'
import { makeProgramme, type Programme } from './programme.ts'

const [version] = apiyi.versions
if (version === undefined) throw new Error('The programme has no version.')
/** 5 % of every recharge, at once. */
export const baseRules: ProgramRulesInput = { ...version.content, reward: { kind: 'rate', ratePpm: 50_000 }, eligibility: { newCustomer: false, separateAccount: false } }

export const programOf = (key: string, more: Partial<ProgramRulesInput> = {}): NewProgram =>
  ({ key, name: key, versions: [{ effectiveFrom: new Date('2000-01-01T00:00:00Z'), content: { ...baseRules, ...more } }] })

export interface SignUps extends Programme {
  readonly batchId: bigint
  fresh(): Promise<bigint>
  fresh(count: number): Promise<bigint[]>
  signUpOf(accountId: bigint, invitation: SignUp['invitation'], more?: Partial<SignUp>): SignUp
  /** All in one transaction. */
  attribute(...signUps: SignUp[]): Promise<Attributed[][]>
  click(inviterId: bigint, more?: Partial<NewClick>): Promise<string>
  observe(accountId: bigint, kind: string, value: string): Promise<void>
  resource(id: string): Uint8Array
  enrol(accountId: bigint, state: 'active' | 'suspended' | 'closed', from: Date): Promise<void>
}

export async function makeSignUps(test: TestDatabase, program: NewProgram): Promise<SignUps> {
  const { database, clock, keys } = test
  const programme = await makeProgramme(test, program)
  const { programId, account, codeOf } = programme
  const { id: sourceId } = await database.prisma.source.create({ data: { name: randomUUID() } })
  const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
  async function fresh(): Promise<bigint>
  async function fresh(count: number): Promise<bigint[]>
  async function fresh(count?: number): Promise<bigint | bigint[]> {
    if (count === undefined) return account(randomUUID())
    const made: bigint[] = []
    for (let place = 0; place < count; place++) made.push(await account(randomUUID()))
    return made
  }
  return {
    ...programme, batchId, fresh,
    signUpOf: (accountId, invitation, more = {}) => ({ accountId, occurredAt: clock.now(), recordedAt: clock.now(), actorId: 1n, batchId, invitation, isLate: false, ...more }),
    attribute: (...signUps) => database.inTransaction((transaction) => attributeAll(transaction, signUps)),
    click: async (inviterId, more = {}) => {
      const code = await codeOf(inviterId)
      const answer = await database.inTransaction((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now(), ...more }))
      if (!answer.ok) throw new Error(answer.reason)
      return answer.clickId
    },
    observe: async (accountId, kind, value) => {
      const hash = new Uint8Array(hashIdentifier(keys, kind, value).hash)
      await database.prisma.identifier.createMany({ data: [{ kind, hash, keyId: 1, recordedAt: clock.now() }], skipDuplicates: true })
      const { id: identifierId } = await database.prisma.identifier.findUniqueOrThrow({ where: { kind_hash: { kind, hash } } })
      await database.prisma.observation.create({ data: { accountId, identifierId, occurredAt: clock.now(), recordedAt: clock.now(), batchId } })
    },
    resource: (id) => resourceHash(keys, id),
    enrol: async (accountId, state, from) => {
      await database.prisma.enrolmentChange.create({ data: { programId, accountId, state, reason: 'staff', effectiveFrom: from, recordedAt: clock.now(), actorId: 1n } })
    },
  }
}

/** A further version of a programme's rules. */
export async function publishRules({ database, clock, keys }: TestDatabase, program: NewProgram, from: Date, more: Partial<ProgramRulesInput>): Promise<void> {
  const published = await publishProgram({ database, keys, clock, actorId: 1n }, { ...program, versions: [...program.versions, { effectiveFrom: from, content: { ...baseRules, ...more } }] })
  if (!published.ok) throw new Error(published.reason)
}
