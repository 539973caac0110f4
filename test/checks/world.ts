// A small world for tests of the check: accounts, identifiers and referrals written as the product writes them, and scans of them.

import { detect } from '../../scoring/detect.ts'
import { normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import { priorModel } from '../../scoring/model/priors.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Database } from '../../src/base/database.ts'
import type { KeyRing } from '../../src/base/keys.ts'
import { type CheckPolicyInput, publishProgram } from '../../src/policies/index.ts'
import { findAccounts, IdentifierDoor, inBulkTransaction, loadPopulation, openBatch, recordAccounts, recordObservations } from '../../src/population/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { settled } from '../database.ts'

export interface WorldSetting {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
}

export type Seen = readonly [account: string, kind: string, value: string]

export function createWorld({ database, keys, clock }: WorldSetting) {
  const door = new IdentifierDoor(keys)
  const seconds = () => clock.now().getTime() / 1000

  async function program(key: string, policy: CheckPolicyInput = {}, effectiveFrom = new Date('2026-01-01T00:00:00Z')): Promise<bigint> {
    const published = await publishProgram({ database, keys, clock, actorId: 1n }, { ...apiyi, key, name: key, policies: [{ effectiveFrom, content: policy }] })
    if (!published.ok) throw new Error(published.reason)
    return published.programId
  }

  async function accounts(...names: readonly string[]): Promise<void> {
    await inBulkTransaction(database, async (client) => {
      const batch = await openBatch(client, { source: 'test', actorId: 1n, kind: 'api', recordedAt: clock.now() })
      await recordAccounts(client, keys, batch, names.map((externalId) => ({ externalId, createdAt: seconds(), status: null, organisationId: null, country: null })))
    })
  }

  /** Writes observations in one transaction and gives its log position. */
  async function seen(...observations: readonly Seen[]): Promise<string> {
    return inBulkTransaction(database, async (client) => {
      const batch = await openBatch(client, { source: 'test', actorId: 1n, kind: 'api', recordedAt: clock.now() })
      const ids = await findAccounts(client, observations.map(([account]) => account))
      await recordObservations(client, door, batch, observations.flatMap(([account, kind, value]) => {
        const normalised = normaliseIdentifier({ kind, value })
        if (!normalised.ok) throw new Error(normalised.reason)
        return normalised.identifiers.map((identifier) => ({ accountId: ids.get(account) ?? 0, identifier, shownAs: null, at: seconds(), context: 'login' }))
      }))
      const position = await client.query<{ position: string }>('SELECT pg_current_xact_id()::text AS position')
      return position.rows[0]?.position ?? ''
    })
  }

  async function referral(programKey: string, inviter: string, invitee: string): Promise<void> {
    await inBulkTransaction(database, async (client) => {
      const batch = await openBatch(client, { source: 'test', actorId: 1n, kind: 'api', recordedAt: clock.now() })
      const ids = await findAccounts(client, [inviter, invitee])
      await client.query(
        `INSERT INTO referral_fact (program_id, inviter_id, invitee_id, not_payable, occurred_at, recorded_at, batch_id)
           SELECT id, $2, $3, 'not_eligible', $4, $4, $5 FROM program WHERE key = $1`, [programKey, ids.get(inviter), ids.get(invitee), clock.now(), batch.id])
    })
  }

  const settle = () => settled(database)

  /** Detects over everything, by the model that nobody refits, and stores what was found as a finished scan. */
  async function scan(): Promise<Map<string, number>> {
    await settle()
    const loaded = await loadPopulation(database)
    const detection = detect(loaded.population, { model: priorModel })
    const probabilities = new Map<string, number>()
    await inBulkTransaction(database, async (client) => {
      const made = await client.query<{ id: string }>(
        `INSERT INTO scan (state, as_of, position, model_version, options, actor_id, started_at, finished_at) VALUES ('finished', $1, $2::text::xid8, $3, '{}', 1, $1, $1) RETURNING id`,
        [clock.now(), loaded.position.toString(), detection.modelVersion])
      const scanId = made.rows[0]?.id
      for (const [place, factId] of loaded.factIds.entries()) {
        const { probability, bits, decision, topReason } = detection.referrals
        await client.query('INSERT INTO referral_verdict (scan_id, fact_id, probability, bits, decision, top_reason) VALUES ($1, $2, $3, $4, $5, $6)',
          [scanId, factId, probability[place], bits[place], decision[place], topReason[place]])
        probabilities.set(String(factId), probability[place] ?? Number.NaN)
      }
      await client.query('DELETE FROM identifier_strength')
      for (const [place, identifierId] of loaded.identifierIds.entries()) {
        const strength = detection.identifiers.strength[place] ?? 0
        const holders = new Set<number>()
        const { observations } = loaded.population
        for (let row = 0; row < observations.count; row++) if (observations.identifier[row] === place) holders.add(observations.account[row] ?? -1)
        if (holders.size > 1) await client.query('INSERT INTO identifier_strength VALUES ($1, $2, $3, $4)', [identifierId, scanId, strength, holders.size])
      }
    })
    return probabilities
  }

  /** The probability that the newest scan gave a referral. */
  async function scanned(inviter: string, invitee: string): Promise<number> {
    const rows = await database.prisma.$queryRaw<{ probability: number }[]>`
      SELECT v.probability FROM referral_verdict v JOIN referral_fact f ON f.id = v.fact_id
        JOIN account_identity a ON a.account_id = f.inviter_id JOIN account_identity b ON b.account_id = f.invitee_id
       WHERE a.external_id = ${inviter} AND b.external_id = ${invitee} ORDER BY v.scan_id DESC LIMIT 1`
    return rows[0]?.probability ?? Number.NaN
  }

  return { program, accounts, seen, referral, scan, scanned, settle }
}
