// Goal: whatever a folder holds, every row is accepted or refused by file, line, column and reason, and the rest stays.
// Method: small folders on disk, one fault each, and the whole list of refusals compared.
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder } from '../../src/folders/open-folder.ts'
import { describeRefusal } from '../../src/folders/refusals.ts'
import { Folders, readAll, twoAccounts } from './folder-on-disk.ts'
import type { FileContents } from './folder-on-disk.ts'

const folders = new Folders()
beforeAll(() => folders.open())
afterAll(() => folders.close())

const transactions = 'transaction_id,account_id,type,amount,currency,occurred_at\n'
const observations = 'account_id,kind,value,observed_at\n'

async function refusalsOf(files: FileContents, asOf?: number): Promise<string[]> {
  const { refusals } = await readAll(await folders.write({ 'accounts.csv': twoAccounts, ...files }), { asOf })
  return refusals.map(({ file, line, column, reason }) => `${file}:${line} ${column} ${reason}`)
}

describe('cells', () => {
  const cases: [title: string, row: string, column: string, reason: string][] = [
    ['a negative amount', 't1,a,recharge,-5,USD,2026-01-03T00:00:00Z', 'amount', 'amount_negative'],
    ['NaN', 't1,a,recharge,NaN,USD,2026-01-03T00:00:00Z', 'amount', 'amount_not_a_number'],
    ['infinity', 't1,a,recharge,Infinity,USD,2026-01-03T00:00:00Z', 'amount', 'amount_not_a_number'],
    ['an exponent', 't1,a,recharge,1e3,USD,2026-01-03T00:00:00Z', 'amount', 'amount_not_a_number'],
    ['thousands separators', 't1,a,recharge,"1,000",USD,2026-01-03T00:00:00Z', 'amount', 'amount_not_a_number'],
    ['seven decimals', 't1,a,recharge,0.0000001,USD,2026-01-03T00:00:00Z', 'amount', 'amount_over_precision'],
    ['half a day', 't1,a,recharge,0.5,DAY,2026-01-03T00:00:00Z', 'amount', 'amount_over_precision'],
    ['more than the books hold', 't1,a,recharge,9223372036855,USD,2026-01-03T00:00:00Z', 'amount', 'amount_too_large'],
    ['an empty amount', 't1,a,recharge,,USD,2026-01-03T00:00:00Z', 'amount', 'missing_value'],
    ['a currency sign', 't1,a,recharge,5,$,2026-01-03T00:00:00Z', 'currency', 'bad_currency'],
    ['an unknown type', 't1,a,gift,5,USD,2026-01-03T00:00:00Z', 'type', 'unknown_word'],
    ['a time without zone', 't1,a,recharge,5,USD,2026-01-03T00:00:00', 'occurred_at', 'time_without_zone'],
    ['a date alone', 't1,a,recharge,5,USD,2026-01-03', 'occurred_at', 'time_without_zone'],
    ['a day that does not exist', 't1,a,recharge,5,USD,2026-02-29T00:00:00Z', 'occurred_at', 'time_invalid'],
    ['words for a time', 't1,a,recharge,5,USD,yesterday', 'occurred_at', 'time_invalid'],
    ['milliseconds', 't1,a,recharge,5,USD,1767398400000', 'occurred_at', 'time_out_of_range'],
    ['a time after --as-of', 't1,a,recharge,5,USD,2026-03-01T00:00:01Z', 'occurred_at', 'time_after_as_of'],
    ['an account that is not there', 't1,z,recharge,5,USD,2026-01-03T00:00:00Z', 'account_id', 'unknown_account'],
    ['an empty id', ',a,recharge,5,USD,2026-01-03T00:00:00Z', 'transaction_id', 'missing_value'],
    ['a control character', 't\u0007,a,recharge,5,USD,2026-01-03T00:00:00Z', 'transaction_id', 'control_character'],
    ['too few cells', 't1,a,recharge,5,USD', 'occurred_at', 'wrong_cell_count'],
    ['too many cells', 't1,a,recharge,5,USD,2026-01-03T00:00:00Z,x', 'column 7', 'wrong_cell_count'],
    ['a quote inside a bare cell', 't"1,a,recharge,5,USD,2026-01-03T00:00:00Z', 'transaction_id', 'bad_quoting'],
    ['text behind a closing quote', '"t1"x,a,recharge,5,USD,2026-01-03T00:00:00Z', 'transaction_id', 'bad_quoting'],
    ['a NUL byte', 't1,a,rech\u0000arge,5,USD,2026-01-03T00:00:00Z', 'type', 'nul_byte'],
    ['a lone carriage return', 't1,a\rb,recharge,5,USD,2026-01-03T00:00:00Z', 'account_id', 'bare_carriage_return'],
  ]
  it.each(cases)('%s refuses the row by line and column, and its neighbours stay', async (_, row, column, reason) => {
    const neighbours = ['t0,a,recharge,1,USD,2026-01-03T00:00:00Z', 't9,b,spend,1.50,USD,1767398400']
    const path = await folders.write({
      'accounts.csv': twoAccounts, 'transactions.csv': `${transactions}${neighbours[0]}\n${row}\n${neighbours[1]}\n`,
    })
    const { facts, refusals, summary } = await readAll(path, { asOf: Date.UTC(2026, 2, 1) / 1000 })
    expect(refusals).toEqual([{ refused: true, scope: 'row', file: 'transactions.csv', line: 3, column, reason }])
    expect(facts.filter((fact) => fact.table === 'transactions').map((fact) => fact.transactionId)).toEqual(['t0', 't9'])
    expect(summary.files[1]).toMatchObject({ rows: 3, accepted: 2, refused: 1 })
    expect(describeRefusal(refusals[0] ?? { ...neverRefused }, 'en')).toContain(`transactions.csv:3 ${column}: `)
  })

  it('keeps amounts exact and reads times in every allowed form', async () => {
    const rows = [
      't1,a,recharge,9007199254740.993,usd,2026-01-03T08:00:00+08:00',
      't2,a,recharge,0.000001,USD,2026-01-03 00:00:00.5+00',
      't3,a,recharge,1.5000000000,USD,1767398400',
      't4,a,recharge,7,DAY,2026-01-02T19:30:00-0430',
    ]
    const { facts, refusals } = await readAll(
      await folders.write({ 'accounts.csv': twoAccounts, 'transactions.csv': transactions + rows.join('\r\n') }),
    )
    expect(refusals).toEqual([])
    const read = facts.flatMap((fact) => (fact.table === 'transactions' ? [fact] : []))
    expect(read.map((fact) => [fact.amountUnits, fact.currency, fact.occurredAt])).toEqual([
      [9007199254740993000n, 'USD', 1767398400], [1n, 'USD', 1767398400.5], [1500000n, 'USD', 1767398400],
      [7n, 'DAY', 1767398400],
    ])
  })
})

const neverRefused = { refused: true, scope: 'row', file: '', line: 0, column: '', reason: 'nul_byte' } as const

describe('card numbers', () => {
  const card = '4111111111111111'
  const cases: [title: string, header: string, row: string, file: string, column: string][] = [
    ['as a payment value', 'account_id,kind,value', `a,payment,${card}`, 'observations', 'value'],
    ['with spaces', 'account_id,kind,value', 'a,payment:fingerprint,4111 1111 1111 1111', 'observations', 'value'],
    ['under a kind of its own', 'account_id,kind,value', `a,card,${card}`, 'observations', 'value'],
    ['in the display', 'account_id,kind,value,display', `a,payment,tok_1,${card}`, 'observations', 'display'],
    ['in the attributes', 'account_id,kind,value,attributes', `a,payment,tok_1,"{""pan"":""${card}""}"`, 'observations', 'attributes'],
    ['as a payout destination', 'payout_id,account_id,amount,currency,occurred_at,destination',
      `p1,a,5,USD,2026-01-03T00:00:00Z,${card}`, 'payouts', 'destination'],
  ]
  it.each(cases)('%s are refused and never repeated', async (_, header, row, file, column) => {
    const path = await folders.write({ 'accounts.csv': twoAccounts, [`${file}.csv`]: `${header}\n${row}\n` })
    const reading = await readAll(path)
    expect(reading.refusals).toEqual([
      { refused: true, scope: 'row', file: `${file}.csv`, line: 2, column, reason: 'raw_card_number' },
    ])
    const kept = JSON.stringify([reading.facts, reading.refusals.map((refusal) => describeRefusal(refusal))],
      (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
    expect(kept).not.toContain('4111')
  })

  it('in an optional cell of an account costs that cell only', async () => {
    const path = await folders.write({ 'accounts.csv': `account_id,created_at,phone\na,2026-01-01T00:00:00Z,${card}\n` })
    const { facts, refusals } = await readAll(path)
    expect(refusals).toMatchObject([{ scope: 'cell', line: 2, column: 'phone', reason: 'raw_card_number' }])
    expect(facts).toMatchObject([{ accountId: 'a', phone: null, identifiers: [] }])
  })

  it('as the instrument of a payment cost that cell only: the money was paid all the same', async () => {
    const { facts, refusals } = await readAll(await folders.write({
      'accounts.csv': twoAccounts,
      'transactions.csv': `${transactions.trim()},payment_instrument\nt1,a,recharge,5,USD,2026-01-03T00:00:00Z,${card}\n`,
    }))
    expect(refusals).toMatchObject([{ scope: 'cell', line: 2, column: 'payment_instrument', reason: 'raw_card_number' }])
    expect(facts.at(-1)).toMatchObject({ amountUnits: 5_000_000n, paymentInstrument: null, identifiers: [] })
  })
})

describe('masks', () => {
  it('that show the whole value are left out, and the row is kept', async () => {
    const { facts, refusals } = await readAll(await folders.write({
      'accounts.csv': twoAccounts,
      'observations.csv': 'account_id,kind,value,display\na,email,Ann@example.org,mailbox ann@EXAMPLE.org\nb,email,bob@example.org,b…@example.org\n',
    }))
    expect(refusals).toMatchObject([{ scope: 'cell', line: 2, column: 'display', reason: 'display_shows_value' }])
    expect(facts.flatMap((fact) => (fact.table === 'observations' ? [fact.display] : []))).toEqual([null, 'b…@example.org'])
  })
})

describe('repeated ids', () => {
  it('with the same content are accepted once, with other content refused, and the first stays', async () => {
    const row = 't1,a,recharge,5,USD,2026-01-03T00:00:00Z\n'
    const path = await folders.write({
      'accounts.csv': `${twoAccounts}a,2026-01-01T00:00:00Z\n`,
      'transactions.csv': `${transactions}${row}${row}${row.replace('5', '6')}`,
    })
    const { facts, refusals, summary } = await readAll(path)
    expect(refusals).toMatchObject([{ line: 4, column: 'transaction_id', reason: 'duplicate_id' }])
    expect(summary.files.map((file) => [file.accepted, file.repeated, file.refused])).toEqual([[2, 1, 0], [1, 1, 1]])
    expect(facts.filter((fact) => fact.table === 'transactions')).toMatchObject([{ amountUnits: 5_000_000n }])
  })

  it('let one pair be referred in two programmes, but not twice in one', async () => {
    const header = 'inviter_id,invitee_id,created_at,program\n'
    const rows = 'a,b,2026-01-03T00:00:00Z,one\na,b,2026-01-03T00:00:00Z,two\na,b,2026-01-04T00:00:00Z,two\n'
    expect(await refusalsOf({ 'referrals.csv': header + rows })).toEqual(['referrals.csv:4 invitee_id duplicate_id'])
  })
})

describe('whole files', () => {
  it('in UTF-16 are refused as wrongly encoded', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(observations, 'utf16le')])
    expect(await refusalsOf({ 'observations.csv': utf16 })).toEqual(['observations.csv:1  wrong_encoding'])
  })

  it('may begin with a UTF-8 byte order mark', async () => {
    expect(await refusalsOf({ 'observations.csv': `\ufeff${observations}a,ip,203.0.113.9,\n` })).toEqual([])
  })

  it('with bytes that are not UTF-8 lose the rows that hold them', async () => {
    const rows = Buffer.concat([
      Buffer.from(`${observations}a,device,ünal,\nb,device,`), Buffer.from([0xc3, 0x28]), Buffer.from(',\nb,device,z,\n'),
    ])
    expect(await refusalsOf({ 'observations.csv': rows })).toEqual(['observations.csv:3 value invalid_utf8'])
  })

  it('without header, or without a required column, are refused as a whole and show nothing of their content', async () => {
    const refusals = await refusalsOf({ 'observations.csv': 'a,ip,203.0.113.9\n', 'transactions.csv': 'account_id\na\n' })
    expect(refusals).toEqual([
      'transactions.csv:1 transaction_id missing_column', 'observations.csv:1  missing_header',
    ])
  })

  it('that are empty have no header', async () => {
    expect(await refusalsOf({ 'observations.csv': '' })).toEqual(['observations.csv:1  missing_header'])
  })

  it('that name a column twice are refused', async () => {
    expect(await refusalsOf({ 'labels.csv': 'account_id,is_abuser,is_abuser\n' }))
      .toEqual(['labels.csv:1 is_abuser duplicate_column'])
  })

  it('cut off within gzip keep the rows before the cut and say that the rest is missing', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `a,device,${(index * 2654435761) % 4294967296},\n`).join('')
    const whole = gzipSync(observations + rows)
    const path = await folders.write({
      'accounts.csv': twoAccounts, 'observations.csv.gz': whole.subarray(0, whole.length >> 1),
    })
    const { refusals, summary } = await readAll(path)
    expect(refusals).toMatchObject([{ scope: 'file', reason: 'broken_compression' }])
    expect(summary.files[1]?.accepted).toBeGreaterThan(1000)
    expect(refusals[0]?.line).toBe((summary.files[1]?.accepted ?? 0) + 2)
  })

  it('that are no gzip under .gz, or gzip under .csv, are refused', async () => {
    expect(await refusalsOf({ 'labels.csv.gz': 'account_id,is_abuser\n' })).toEqual(['labels.csv.gz:1  broken_compression'])
    expect(await refusalsOf({ 'labels.csv': gzipSync('account_id,is_abuser\n') })).toEqual(['labels.csv:1  wrong_encoding'])
  })

  it('with a quote that is never closed stop there, and nothing inside is taken for rows', async () => {
    const inside = 'b,device,two,\n'.repeat(50_000)
    const { facts, refusals } = await readAll(await folders.write({
      'accounts.csv': twoAccounts, 'observations.csv': `${observations}a,device,one,\na,device,"open\n${inside}`,
    }))
    expect(refusals).toMatchObject([{ scope: 'file', line: 3, column: 'value', reason: 'unclosed_quote' }])
    expect(facts.filter((fact) => fact.table === 'observations')).toHaveLength(1)
  })

  it('of ten-megabyte cells lose those rows only, quoted or bare, and memory stays bounded', async () => {
    const cell = 'x'.repeat(10_000_000)
    const quoted = `"${'b,device,fake,\n'.repeat(700_000)}"`
    const rows = `a,device,${cell},\na,device,one,\na,device,${quoted},\nb,device,two,\n`
    const { facts, refusals } = await readAll(await folders.write({
      'accounts.csv': twoAccounts, 'observations.csv': observations + rows,
    }))
    expect(refusals.map(({ line, column, reason }) => [line, column, reason])).toEqual([
      [2, 'value', 'record_too_long'], [4, 'value', 'record_too_long'],
    ])
    expect(facts.filter((fact) => fact.table === 'observations').map((fact) => fact.value)).toEqual(['one', 'two'])
  })
})

describe('the folder', () => {
  it('must be there, and must hold the accounts', async () => {
    expect(await openFolder(folders.path('nowhere'))).toMatchObject({ ok: false, refusal: { reason: 'missing_folder' } })
    expect(await openFolder(await folders.write({ 'labels.csv': '' })))
      .toMatchObject({ ok: false, refusal: { reason: 'missing_file', file: 'accounts.csv' } })
  })

  it('must not hold a file twice', async () => {
    const path = await folders.write({ 'accounts.csv': twoAccounts, 'accounts.csv.gz': gzipSync(twoAccounts) })
    expect(await openFolder(path)).toMatchObject({ ok: false, refusal: { reason: 'ambiguous_file' } })
  })

  it('reports unknown files and columns and reads the rest, columns in any order', async () => {
    const path = await folders.write({
      'accounts.csv': 'Created_At,colour,account_id\n2026-01-01T00:00:00Z,red,a\n', 'notes.txt': 'x',
    })
    const { facts, summary } = await readAll(path)
    expect(facts).toMatchObject([{ accountId: 'a', createdAt: 1767225600 }])
    expect(summary.unknownFiles).toEqual(['notes.txt'])
    expect(summary.files[0]?.unknownColumns).toEqual(['colour'])
  })

  it('refuses kinds beyond two hundred, and keeps what came before', async () => {
    const rows = Array.from({ length: 205 }, (_, index) => `a,kind_${index},v,\n`).join('')
    const { facts, refusals } = await readAll(await folders.write({ 'accounts.csv': twoAccounts, 'observations.csv': observations + rows }))
    expect(facts.filter((fact) => fact.table === 'observations')).toHaveLength(200)
    expect(refusals.map(({ line, column, reason }) => `${line} ${column} ${reason}`)).toEqual(
      [202, 203, 204, 205, 206].map((line) => `${line} kind too_many_words`))
  })

  it('stops at the first refusal when read strictly', async () => {
    const path = await folders.write({
      'accounts.csv': `${twoAccounts},\nc,x\n`, 'labels.csv': 'account_id,is_abuser\nz,1\n',
    })
    const { refusals, summary } = await readAll(path, { isStrict: true })
    expect(refusals).toHaveLength(1)
    expect(summary.stoppedBy).toMatchObject({ line: 4, reason: 'missing_value' })
  })

  it('reports a parent that is nowhere, wherever the parents stand', async () => {
    const path = await folders.write({
      'accounts.csv': 'account_id,created_at,parent_account_id\na,1767225600,b\nb,1767225600,\nc,1767225600,nobody\n',
    })
    const { facts, refusals } = await readAll(path)
    expect(facts).toHaveLength(3)
    expect(refusals).toMatchObject([{ scope: 'cell', line: 4, column: 'parent_account_id', reason: 'unknown_account' }])
  })
})

describe('the digest', () => {
  const rows = ['a,ip,203.0.113.9,', 'b,device,x,1767398400']
  it('does not depend on the order of rows and columns, compression or labels, and does on content', async () => {
    const digest = async (files: FileContents) => (await readAll(await folders.write(files))).summary.digest
    const first = await digest({ 'accounts.csv': twoAccounts, 'observations.csv': `${observations}${rows.join('\n')}\n` })
    const shuffled = await digest({
      'accounts.csv.gz': gzipSync('created_at,account_id\n2026-01-02T00:00:00Z,b\n2026-01-01T00:00:00Z,a\n'),
      'observations.csv': `value,kind,account_id,observed_at\nx,device,b,1767398400\n203.0.113.9,ip,a,\n`,
      'labels.csv': 'account_id,is_abuser\na,1\n',
    })
    const other = await digest({ 'accounts.csv': twoAccounts, 'observations.csv': `${observations}${rows[0]}\n` })
    expect(shuffled).toBe(first)
    expect(other).not.toBe(first)
    expect(first).toMatch(/^[0-9a-f]{64}$/)
  })
})
