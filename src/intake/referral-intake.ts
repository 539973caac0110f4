// Referrals and clicks of an export folder: every relation becomes a fact, and those that a ledger may pay on a referral.
// Promises: which one pays does not depend on the order of rows, nor on how often the folder is imported.

import type pg from 'pg'
import { naturalKey } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { ClickFact } from '../folders/facts.ts'
import { type Standing, standingsOf } from '../folders/referral-standing.ts'
import { BinaryRows, type OpenBatch, copyIn, copyOut } from '../population/index.ts'
import type { ImportCounts } from './import-options.ts'

export interface GatheredReferral {
  readonly programId: bigint
  readonly inviter: number
  readonly invitee: number
  /** The host's id of the inviter: breaks ties of time. */
  readonly inviterId: string
  readonly createdAt: number
  readonly channel: 'link' | 'code' | 'claim' | null
}

/** Holds the referrals of one folder until its clicks are read; a few dozen bytes each. */
export class ReferralIntake {
  private readonly referrals: GatheredReferral[] = []
  private readonly codes = new Map<string, number>()
  private readonly clicks = new Map<string, number[]>()

  code(inviteCode: string, accountId: number): void {
    this.codes.set(inviteCode.toLowerCase(), accountId)
  }

  add(referral: GatheredReferral): void {
    this.referrals.push(referral)
  }

  /** A click belongs to a referral where it names the code of the inviter and the account that signed up. */
  click(fact: ClickFact, invitee: number | null): void {
    const inviter = this.codes.get(fact.inviteCode?.toLowerCase() ?? '')
    if (inviter === undefined || invitee === null) return
    const key = `${inviter} ${invitee}`
    const times = this.clicks.get(key)
    if (times === undefined) this.clicks.set(key, [fact.clickedAt])
    else times.push(fact.clickedAt)
  }

  /** Stores what is new, in the caller's transaction; may be repeated with the same effect. */
  async store(client: pg.PoolClient, batch: OpenBatch, actorId: bigint): Promise<ImportCounts['notPayable']> {
    const counts = { self_referral: 0, second_inviter: 0, cycle: 0 }
    await this.lockAttribution(client)
    const fresh = await this.withoutKnown(client)
    const standings = await standingsBeside(client, fresh)
    await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_referral (program_id bigint, inviter_id bigint, invitee_id bigint,
      channel text, clicked_at timestamptz, not_payable text, occurred_at timestamptz) ON COMMIT DELETE ROWS`)
    const rows = new BinaryRows()
    for (const [place, referral] of fresh.entries()) {
      const standing = standings[place] ?? 'payable'
      if (standing !== 'payable') counts[standing]++
      rows.row(7).int8(referral.programId).int8(referral.inviter).int8(referral.invitee).text(referral.channel ?? '')
        .time(this.clickedAt(referral)).text(standing === 'payable' ? null : standing).time(referral.createdAt)
    }
    await copyIn(client, 'stage_referral', rows)
    await client.query(
      `INSERT INTO referral (program_id, inviter_id, invitee_id, state, source, occurred_at, recorded_at, effective_at, actor_id)
         SELECT program_id, inviter_id, invitee_id, 'active', 'import', occurred_at, $1, occurred_at, $2
         FROM stage_referral WHERE not_payable IS NULL`,
      [batch.recordedAt, actorId])
    await client.query(
      `INSERT INTO referral_fact (program_id, inviter_id, invitee_id, channel, clicked_at, referral_id, not_payable,
           occurred_at, recorded_at, batch_id)
         SELECT s.program_id, s.inviter_id, s.invitee_id, s.channel, s.clicked_at, r.id, s.not_payable, s.occurred_at, $1, $2
         FROM stage_referral s
         LEFT JOIN referral r ON s.not_payable IS NULL AND r.program_id = s.program_id AND r.invitee_id = s.invitee_id`,
      [batch.recordedAt, batch.id])
    return counts
  }

  /** The same lock, in the same order, that attribution at sign-up takes: a circle must not close between two writers. */
  private async lockAttribution(client: pg.PoolClient): Promise<void> {
    const programs = [...new Set(this.referrals.map((referral) => referral.programId))].sort((left, right) => (left < right ? -1 : 1))
    for (const programId of programs) {
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('attribution ' || $1::bigint, 0))`, [programId])
    }
  }

  /** The latest click that is not after the referral. */
  private clickedAt({ inviter, invitee, createdAt }: GatheredReferral): number | null {
    const before = (this.clicks.get(`${inviter} ${invitee}`) ?? []).filter((time) => time <= createdAt)
    return before.length === 0 ? null : Math.max(...before)
  }

  private async withoutKnown(client: pg.PoolClient): Promise<GatheredReferral[]> {
    const known = new Set<string>()
    const programs = [...new Set(this.referrals.map((referral) => referral.programId))]
    if (programs.length === 0) return []
    await copyOut(client, `SELECT program_id, inviter_id, invitee_id FROM referral_fact WHERE program_id IN (${programs.join(', ')})`,
      (row) => known.add(`${row.int8(0)} ${row.int8(1)} ${row.int8(2)}`))
    return this.referrals.filter(({ programId, inviter, invitee }) => !known.has(`${programId} ${inviter} ${invitee}`))
  }
}

/** Standings of new relations beside the paying ones that exist, which keep theirs. */
async function standingsBeside(client: pg.PoolClient, fresh: readonly GatheredReferral[]): Promise<Standing[]> {
  const existing: Parameters<typeof standingsOf>[0][number][] = []
  const programs = [...new Set(fresh.map((referral) => referral.programId))]
  if (programs.length > 0) {
    await copyOut(client, `SELECT program_id, inviter_id, invitee_id FROM referral WHERE program_id IN (${programs.join(', ')})`, (row) => {
      existing.push({
        program: String(row.int8(0)), inviter: row.int8(1), invitee: row.int8(2), createdAt: Number.NEGATIVE_INFINITY, inviterId: '',
      })
    })
  }
  const rows = fresh.map((referral) => ({ ...referral, program: String(referral.programId) }))
  return standingsOf([...existing, ...rows]).slice(existing.length)
}

export interface GatheredCode {
  readonly accountId: number
  readonly code: string
}

/** Gives accounts their invite codes in a programme; returns how many were taken by others. */
export async function storeInviteCodes(
  client: pg.PoolClient, owner: { programId: bigint; actorId: bigint; batch: OpenBatch }, codes: readonly GatheredCode[],
): Promise<number> {
  if (codes.length === 0) return 0
  const result = await client.query<{ taken: string }>(
    `WITH given AS (
         SELECT account_id, upper(code) AS code FROM unnest($1::bigint[], $2::text[]) AS c(account_id, code)
       ), made AS (
         INSERT INTO invite_code (program_id, account_id, code, actor_id, recorded_at)
           SELECT $3, account_id, code, $4, $5 FROM given ON CONFLICT DO NOTHING RETURNING code, account_id
       )
       SELECT count(*) AS taken FROM given g
         WHERE NOT EXISTS (SELECT 1 FROM made m WHERE m.code = g.code AND m.account_id = g.account_id)
           AND NOT EXISTS (SELECT 1 FROM invite_code i WHERE i.program_id = $3 AND i.code = g.code AND i.account_id = g.account_id)`,
    [codes.map((code) => code.accountId), codes.map((code) => code.code), owner.programId, owner.actorId, owner.batch.recordedAt])
  return Number(result.rows[0]?.taken ?? 0)
}

/** Stores clicks of known codes; returns how many had none. */
export async function storeClicks(
  client: pg.PoolClient, keys: KeyRing, origin: { programId: bigint; source: string; batch: OpenBatch }, clicks: readonly ClickFact[],
): Promise<number> {
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_click (public_id uuid, code text, occurred_at timestamptz,
    landing_page text, referer_host text, ad_parameters text) ON COMMIT DELETE ROWS`)
  const rows = new BinaryRows()
  for (const click of clicks) {
    rows.row(6).bytes(naturalKey(keys, 'click', origin.source, click.clickId).subarray(0, 16)).text(click.inviteCode)
      .time(click.clickedAt).text(withoutQuery(click.landingPage)).text(hostOf(click.referer))
      .text(parameterNames(click.adParameters).join(' '))
  }
  await copyIn(client, 'stage_click', rows)
  await client.query(
    `INSERT INTO click (public_id, code_id, occurred_at, recorded_at, landing_page, referer_host, ad_parameters)
       SELECT s.public_id, c.id, s.occurred_at, $1, s.landing_page, s.referer_host,
         coalesce(string_to_array(nullif(s.ad_parameters, ''), ' '), '{}')
       FROM stage_click s
       JOIN invite_code c ON c.program_id = $2 AND c.code = upper(s.code)
       ON CONFLICT (public_id) DO NOTHING`,
    [origin.batch.recordedAt, origin.programId])
  const lost = await client.query<{ lost: string }>(
    `SELECT count(*) AS lost FROM stage_click s
       WHERE NOT EXISTS (SELECT 1 FROM invite_code c WHERE c.program_id = $1 AND c.code = upper(s.code))`, [origin.programId])
  return Number(lost.rows[0]?.lost ?? 0)
}

/** Values in a query may name people; the path says enough. */
function withoutQuery(page: string | null): string | null {
  return page === null ? null : (page.split(/[?#]/)[0] ?? '')
}

function hostOf(address: string | null): string | null {
  if (address === null) return null
  return URL.canParse(address) ? new URL(address).host : (address.split(/[/?#]/)[0] ?? null)
}

/** `utm_source=x&gclid=y`, `utm_source,gclid` or `utm_source gclid`: the names alone. */
function parameterNames(text: string | null): string[] {
  const names = (text ?? '').split(/[&,;\s|]+/).map((part) => part.split('=')[0] ?? '')
  return [...new Set(names.filter((name) => /^[A-Za-z][\w.-]{0,63}$/.test(name)))]
}
