// A programme with claims on a test's own database: members with everything that a claim asks for, clients, and people who decide.

import { randomUUID } from 'node:crypto'
import type { CheckPolicyInput, ProgramRulesInput } from '../../src/policies/index.ts'
import {
  approveClaim, type Claim, type ClaimVerdict, confirmClaim, decideClaim, enterClaim, type EntryAnswer, type Recorder, type StepAnswer,
} from '../../src/programs/index.ts'
import type { GivenFacts } from '../../src/programs/claims/facts.ts'
import { recordResources, resourceHash } from '../../src/programs/attribution/account-resources.ts'
import type { TestDatabase } from '../database.ts'
import { baseRules, makeSignUps, programOf, type SignUps } from './sign-ups.ts'

export interface Person {
  readonly id: bigint
  readonly name: string
  readonly email: string
  readonly instance: string
}

export interface ClaimsDesk extends SignUps {
  /** A member with a code, an instance and an e-mail address. */
  member(): Promise<Person>
  /** Somebody who signed up without a code, with an instance and an e-mail address. */
  client(): Promise<Person>
  /** All five facts. */
  factsOf(inviter: Person, client: Pick<Person, 'email' | 'instance'>): Promise<GivenFacts>
  as(actorId: bigint): Recorder
  actor(kind?: 'person' | 'key'): Promise<bigint>
  enter(inviter: Person, client: Person, actorId?: bigint): Promise<Claim>
  tryEnter(inviter: Person, facts: GivenFacts, actorId?: bigint): Promise<EntryAnswer>
  confirm(claim: Claim, client: Person, confirms?: boolean): Promise<StepAnswer>
  decide(claim: Claim, actorId: bigint, verdict?: ClaimVerdict, isPerson?: boolean): Promise<StepAnswer>
  approve(claim: Claim, actorId: bigint, verdict?: ClaimVerdict): Promise<StepAnswer>
  pay(client: Person, amount: string, at?: Date): Promise<void>
}

export async function makeClaimsDesk(test: TestDatabase, key: string, more: { claims?: object; rules?: Partial<ProgramRulesInput>; policy?: CheckPolicyInput } = {}): Promise<ClaimsDesk> {
  const { database, clock, keys } = test
  const binding = { ...baseRules.binding, afterSignup: 'claim' as const, claims: more.claims ?? {} }
  const policies = more.policy === undefined ? {} : { policies: [{ effectiveFrom: new Date('2000-01-01T00:00:00Z'), content: more.policy }] }
  const signUps = await makeSignUps(test, { ...programOf(key, { ...more.rules, binding }), ...policies })
  const { programId, recorder, codeOf, record, recharge, fresh, observe } = signUps
  const as = (actorId: bigint): Recorder => ({ ...recorder, actorId })
  const actor: ClaimsDesk['actor'] = async (kind = 'person') => (await database.prisma.actor.create({ data: { kind, name: randomUUID(), createdAt: clock.now() } })).id
  const host = await actor('key')
  const accepts: ClaimVerdict = { accepts: true }

  async function person(): Promise<Person> {
    const id = await fresh()
    const [email, instance] = [`p${id}@example.com`, `instance-${id}`]
    await observe(id, 'email', email)
    await database.inTransaction((transaction) => recordResources(transaction, [{ accountId: id, recordedAt: clock.now(), resourceHashes: [resourceHash(keys, instance)] }]))
    const { externalId } = await database.prisma.accountIdentity.findUniqueOrThrow({ where: { accountId: id } })
    return { id, name: externalId, email, instance }
  }

  const tryEnter: ClaimsDesk['tryEnter'] = (inviter, facts, actorId = host) => enterClaim(as(actorId), { programId, inviterId: inviter.id, facts })
  const factsOf: ClaimsDesk['factsOf'] = async (inviter, client) => ({
    own_resource: inviter.instance, client_resource: client.instance, own_email: inviter.email, client_email: client.email,
    referral_link: `https://api.apiyi.com/register/?aff_code=${await codeOf(inviter.id)}`,
  })
  return {
    ...signUps, as, actor, tryEnter, factsOf,
    member: async () => {
      const made = await person()
      await codeOf(made.id)
      return made
    },
    client: async () => {
      const made = await person()
      await record({ type: 'signup', eventId: `signup-${made.id}`, accountId: made.id })
      return made
    },
    enter: async (inviter, client, actorId) => {
      const answer = await tryEnter(inviter, await factsOf(inviter, client), actorId)
      if (!answer.ok) throw new Error(answer.reason)
      return answer.claim
    },
    confirm: (claim, client, confirms = true) => confirmClaim(as(host), { claimId: claim.id, clientId: client.id, confirms }),
    decide: (claim, actorId, verdict = accepts, isPerson = true) => decideClaim(as(actorId), { claimId: claim.id, verdict, isPerson }),
    approve: (claim, actorId, verdict = accepts) => approveClaim(as(actorId), { claimId: claim.id, verdict, isPerson: true }),
    pay: async (client, amount, at) => {
      const answer = await recharge(randomUUID(), client.id, amount, at)
      if (!answer.ok) throw new Error(answer.reason)
    },
  }
}
