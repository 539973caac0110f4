// Everything that an import writes, as sorted lines without internal ids, times of recording and salts: two databases with equal
// lines hold the same facts and the same books.

import type { Database } from '../../src/base/database.ts'

const QUERIES: Readonly<Record<string, string>> = {
  accounts: `SELECT concat_ws('|', k.external_id, a.occurred_at, a.status, encode(a.organisation_hash, 'hex'), p.external_id, k.country)
    FROM account a JOIN account_identity k ON k.account_id = a.id LEFT JOIN account_identity p ON p.account_id = a.parent_id`,
  identifiers: `SELECT concat_ws('|', kind, encode(hash, 'hex'), key_id, flags, coalesce(model, '-'), attributes::text) FROM identifier`,
  observations: `SELECT concat_ws('|', k.external_id, i.kind, encode(i.hash, 'hex'), o.context, o.occurred_at)
    FROM observation o JOIN identifier i ON i.id = o.identifier_id JOIN account_identity k ON k.account_id = o.account_id`,
  events: `SELECT concat_ws('|', encode(e.natural_key, 'hex'), e.type, k.external_id, encode(e.original_key, 'hex'), e.amount, e.asset, e.funded_by,
      encode(e.item_hash, 'hex'), e.occurred_at, b.body::text)
    FROM event e JOIN account_identity k ON k.account_id = e.account_id JOIN event_body b ON b.event_id = e.id`,
  codes: `SELECT concat_ws('|', k.external_id, c.code) FROM invite_code c JOIN account_identity k ON k.account_id = c.account_id`,
  clicks: `SELECT concat_ws('|', l.public_id, c.code, l.occurred_at, l.landing_page, l.referer_host) FROM click l JOIN invite_code c ON c.id = l.code_id`,
  referrals: `SELECT concat_ws('|', p.key, a.external_id, b.external_id, r.state, r.source, r.occurred_at)
    FROM referral r JOIN program p ON p.id = r.program_id JOIN account_identity a ON a.account_id = r.inviter_id JOIN account_identity b ON b.account_id = r.invitee_id`,
  facts: `SELECT concat_ws('|', p.key, a.external_id, b.external_id, f.channel, f.clicked_at, f.referral_id IS NOT NULL, f.not_payable, f.occurred_at)
    FROM referral_fact f JOIN program p ON p.id = f.program_id JOIN account_identity a ON a.account_id = f.inviter_id JOIN account_identity b ON b.account_id = f.invitee_id`,
  rebates: `SELECT concat_ws('|', encode(r.natural_key, 'hex'), r.kind, k.external_id, r.base, r.rate_ppm, r.amount, r.asset, r.referral_id IS NOT NULL, r.occurred_at)
    FROM rebate r JOIN account_identity k ON k.account_id = r.account_id`,
  positions: `SELECT concat_ws('|', k.external_id, b.kind, b.asset, encode(r.natural_key, 'hex'), p.amount)
    FROM position p JOIN book_account b ON b.id = p.book_account_id JOIN account_identity k ON k.account_id = b.account_id JOIN rebate r ON r.id = p.rebate_id`,
  balances: `SELECT concat_ws('|', coalesce(k.external_id, 'platform'), b.kind, b.asset, sum(b.balance))
    FROM book_account b LEFT JOIN account_identity k ON k.account_id = b.account_id GROUP BY k.external_id, b.kind, b.asset`,
  transfers: `SELECT concat_ws('|', encode(natural_key, 'hex'), kind, occurred_at) FROM transfer`,
}

export async function factsInDatabase(database: Database): Promise<Record<string, string[]>> {
  const facts: Record<string, string[]> = {}
  for (const [name, query] of Object.entries(QUERIES)) {
    const result = await database.pool.query<{ line: string }>(`SELECT line FROM (${query}) AS rows(line) ORDER BY line COLLATE "C"`)
    facts[name] = result.rows.map((row) => row.line)
  }
  return facts
}
