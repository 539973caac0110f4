// Payees over HTTP: what the host or the processor says of them, and where they are paid. Destinations go in and never come out again.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { externalId } from '../../checks/index.ts'
import { addDestination, approveDestination, bankAccountInput, type Destination, destinationsOf, type Payee, payeeOf, recordPayee } from '../../payouts/index.ts'
import { accountOf, type ApiParts, callerOf, joined, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText } from '../schemas.ts'

const word = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a word in small letters')
const payeeFacts = {
  tax_profile: z.enum(['missing', 'complete']), payee_check: z.enum(['missing', 'passed', 'failed']), payouts_enabled: z.boolean(),
  withholding_ppm: z.number().int().min(0).max(1_000_000).describe('The share to withhold in parts per million, as whoever knows the tax says; it is recorded, never computed.'), source: word,
}
const destination = z.strictObject({
  destination_id: z.string(), method: z.enum(['bank', 'stripe']), contract_id: z.string().nullable(), shown_as: z.string().nullable().describe('Masked; null once erased.'),
  usable_from: z.iso.datetime(), needs_approval: z.boolean(), is_approved: z.boolean(), retired_at: z.iso.datetime().nullable(),
}).meta({ id: 'PayoutDestination' })
const payee = z.strictObject({ account: z.string(), payee: z.strictObject({ ...payeeFacts, recorded_at: z.iso.datetime() }).nullable(), destinations: z.array(destination) }).meta({ id: 'Payee' })

export function payeeRoutes(parts: ApiParts): Route[] {
  return [record(parts), query(parts), give(parts), approve(parts)]
}

function record(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payees', tag: 'Payouts', scope: 'payouts:write', programs: 'unlimited_key', idempotency: 'optional',
    summary: 'Records what is known of a payee; the newest counts. A payout needs a complete tax profile, a passed check and enabled payouts.',
    body: z.strictObject({ account: externalId, ...payeeFacts, payouts_enabled: payeeFacts.payouts_enabled.default(true), withholding_ppm: payeeFacts.withholding_ppm.default(0), source: word.default('host') }),
    answers: { 201: { description: 'Recorded.', schema: payee } }, problems: ['not_found'],
    async handle({ body, identity, transaction }) {
      const { database, keys, clock } = parts
      const reader = readerOf(database, transaction)
      const accountId = await accountOf(reader, body.account)
      const facts = await recordPayee({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, {
        accountId, taxProfile: body.tax_profile, payeeCheck: body.payee_check, payoutsEnabled: body.payouts_enabled, withholdingPpm: body.withholding_ppm, source: body.source,
      })
      return { status: 201, body: { account: body.account, payee: presentPayee(facts), destinations: (await destinationsOf(reader, accountId)).map(presentDestination) } }
    },
  })
}

function query({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payees/query', tag: 'Payouts', scope: 'payouts:read', programs: 'unlimited_key', summary: 'What is known of a payee, and the masked destinations, newest first.',
    body: z.strictObject({ account: externalId }), answers: { 200: { description: 'The payee.', schema: payee } }, problems: ['not_found'],
    async handle({ body }) {
      const accountId = await accountOf(database.prisma, body.account)
      const facts = await payeeOf(database.prisma, accountId, clock.now())
      return { status: 200, body: { account: body.account, payee: facts === null ? null : presentPayee(facts), destinations: (await destinationsOf(database.prisma, accountId)).map(presentDestination) } }
    },
  })
}

function give(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payees/destinations', tag: 'Payouts', scope: 'payouts:write', programs: 'unlimited_key', idempotency: 'required',
    summary: 'Where a member is paid: a bank account, or a connected account of Stripe.',
    description: 'The first is usable at once; a changed one after seven days, and once another person approved it. The message payout.destination_changed asks the host to tell the member at the address it had before.',
    body: z.strictObject({
      account: externalId, contract_id: idText.optional(),
      destination: z.union([z.strictObject({ method: z.literal('bank'), bank: bankAccountInput }), z.strictObject({ method: z.literal('stripe'), stripe_account: z.string().max(80) })]),
    }),
    answers: { 201: { description: 'Kept, sealed.', schema: destination } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const { database, keys, clock } = parts
      const accountId = await accountOf(readerOf(database, transaction), body.account)
      const given = body.destination.method === 'bank' ? body.destination : { method: 'stripe' as const, stripeAccount: body.destination.stripe_account }
      const answer = await addDestination({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, database, {
        accountId, destination: given, contractId: body.contract_id === undefined ? null : BigInt(body.contract_id),
      })
      if (!answer.ok) throw new Problem('refused', answer.reason, 'This destination is refused.')
      return { status: 201, body: presentDestination(answer.destination) }
    },
  })
}

function approve(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/payees/destinations/:id/approve', tag: 'Payouts', scope: 'payouts:write', programs: 'unlimited_key', idempotency: 'required', params: z.strictObject({ id: idText }),
    summary: 'Another person than the one who entered a changed destination approves it; its waiting time runs on.',
    answers: { 200: { description: 'Approved.', schema: destination } }, problems: ['not_found', 'refused'],
    async handle({ params, identity, transaction }) {
      const { database, keys, clock } = parts
      const answer = await approveDestination({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, BigInt(params.id))
      if (!answer.ok) throw new Problem(answer.reason === 'unknown' ? 'not_found' : 'refused', answer.reason, 'This approval is refused.')
      return { status: 200, body: presentDestination(answer.destination) }
    },
  })
}

function presentPayee({ taxProfile, payeeCheck, payoutsEnabled, withholdingPpm, source, recordedAt }: Payee) {
  return { tax_profile: taxProfile, payee_check: payeeCheck, payouts_enabled: payoutsEnabled, withholding_ppm: withholdingPpm, source, recorded_at: recordedAt.toISOString() }
}

function presentDestination({ id, method, contractId, shownAs, usableFrom, needsApproval, approvedBy, retiredAt }: Destination): z.output<typeof destination> {
  return {
    destination_id: id.toString(), method, contract_id: contractId?.toString() ?? null, shown_as: shownAs, usable_from: usableFrom.toISOString(), needs_approval: needsApproval,
    is_approved: approvedBy !== null, retired_at: retiredAt?.toISOString() ?? null,
  }
}
