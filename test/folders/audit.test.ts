// Goal: an audit writes a row for every account and referral, the same bytes for the same input, scores that do not depend on
// names, order or labels, and nothing that identifies anyone.
// Method: one small generated world, audited as it is and changed.
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { priorModel } from '../../scoring/model/priors.ts'
import { auditFolder } from '../../src/folders/audit.ts'
import type { AuditOptions, AuditResult } from '../../src/folders/audit.ts'
import { Folders, opened } from './folder-on-disk.ts'

const folders = new Folders()
let world = ''
let seconds = 0

beforeAll(async () => {
  await folders.open()
  world = folders.path('world')
  writeWorld(generateWorld({ world: 'desktop', seed: 5, accounts: 250 }), world)
})
afterAll(() => folders.close())

async function audit(directory: string, out: string, options: Partial<AuditOptions> = {}): Promise<AuditResult> {
  return auditFolder(await opened(directory), {
    out: folders.path(out), model: priorModel, thresholds: {}, language: 'en', productVersion: '0.0.0',
    measure: { monotonicSeconds: () => (seconds += 1.5), peakMemoryBytes: () => 1e8 }, onProgress: () => undefined, ...options,
  })
}

const written = (out: string, name: string): Promise<string> => readFile(join(folders.path(out), name), 'utf8')

async function rowsOf(out: string, name: string): Promise<Record<string, string>[]> {
  return parse<Record<string, string>>(await written(out, name), { columns: true })
}

/** The world with its files changed: `change` gets and gives rows, the header apart. */
async function changedWorld(name: string, change: (rows: string[][], file: string, header: string[]) => string[][]): Promise<string> {
  const copy = folders.path(name)
  await cp(world, copy, { recursive: true })
  for (const file of await readdir(copy)) {
    const [header = [], ...rows] = parse(await readFile(join(copy, file)))
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
    const lines = [header, ...change(rows, file, header)].map((cells) => cells.map(quoted).join(','))
    await writeFile(join(copy, file), `${lines.join('\n')}\n`)
  }
  return copy
}

describe('an audit', () => {
  it('writes one row for every account and referral, and the files that the contract names', async () => {
    const result = await audit(world, 'first')
    expect(result.ok && [...result.files].sort()).toEqual(
      ['accounts.csv', 'referrals.csv', 'refusals.jsonl', 'report.html', 'rings.csv', 'summary.json'])
    expect((await readdir(folders.path('first'))).sort()).toEqual(
      ['accounts.csv', 'referrals.csv', 'refusals.jsonl', 'report.html', 'rings.csv', 'summary.json'])
    const accounts = parse<Record<string, string>>(await readFile(join(world, 'accounts.csv')), { columns: true })
    const referrals = parse<Record<string, string>>(await readFile(join(world, 'referrals.csv')), { columns: true })
    const scored = await rowsOf('first', 'accounts.csv')
    const judged = await rowsOf('first', 'referrals.csv')
    expect(scored.map((row) => row.account_id)).toEqual(accounts.map((row) => row.account_id).sort())
    expect(judged.map((row) => `${row.inviter_id} ${row.invitee_id}`).sort())
      .toEqual(referrals.map((row) => `${row.inviter_id} ${row.invitee_id}`).sort())
    for (const row of judged) {
      expect(Number(row.probability)).toBeGreaterThanOrEqual(0)
      expect(Number(row.probability)).toBeLessThanOrEqual(1)
      expect(row.decision).toMatch(/^(allow|hold|deny)$/)
    }
    const rings = await rowsOf('first', 'rings.csv')
    expect(rings.length).toBeGreaterThan(0)
    for (const { ring_id: ring, accounts: size, referrals: inside } of rings) {
      expect(scored.filter((row) => row.ring_id === ring)).toHaveLength(Number(size))
      expect(judged.filter((row) => row.ring_id === ring)).toHaveLength(Number(inside))
    }
  })

  it('gives the same bytes again, but for the timings', async () => {
    await audit(world, 'again')
    for (const name of ['accounts.csv', 'referrals.csv', 'rings.csv', 'report.html', 'refusals.jsonl']) {
      expect(await written('again', name)).toBe(await written('first', name))
    }
    const summaries = [await written('first', 'summary.json'), await written('again', 'summary.json')]
    const [first, again] = summaries.map((text) => ({ ...JSON.parse(text) as Record<string, unknown>, timings: null }))
    expect(again).toEqual(first)
  })

  it('writes the same tables to the byte when the labels are taken away', async () => {
    const bare = folders.path('bare')
    await cp(world, bare, { recursive: true })
    await rm(join(bare, 'labels.csv'))
    await rm(join(bare, 'referral_labels.csv'))
    await audit(bare, 'unlabelled')
    for (const name of ['accounts.csv', 'referrals.csv', 'rings.csv']) {
      expect(await written('unlabelled', name)).toBe(await written('first', name))
    }
    expect(JSON.parse(await written('unlabelled', 'summary.json'))).toMatchObject({ evaluation: null })
  })

  it('changes no score when the labels lie', async () => {
    const lying = await changedWorld('lying', (rows, file, header) => {
      const column = header.findIndex((name) => name === 'is_abuser' || name === 'is_self_invite')
      return file.includes('labels') ? rows.map((row) => row.with(column, row[column] === '1' ? '0' : '1')) : rows
    })
    await audit(lying, 'lied')
    for (const name of ['accounts.csv', 'referrals.csv', 'rings.csv']) {
      expect(await written('lied', name)).toBe(await written('first', name))
    }
  })

  it('gives every account and referral the same score when rows are shuffled and accounts renamed', async () => {
    const renamed = (id: string): string => (id === '' ? '' : `renamed-${Array.from(id).reverse().join('')}`)
    const ids = new Set(['account_id', 'inviter_id', 'invitee_id', 'parent_account_id'])
    const copy = await changedWorld('renamed', (rows, _, header) => rows
      .map((row) => row.map((cell, column) => (ids.has(header[column] ?? '') ? renamed(cell) : cell)))
      .map((row, index) => ({ row, key: (index * 7919) % 10_007 })).sort((a, b) => a.key - b.key).map(({ row }) => row))
    await audit(copy, 'shuffled')
    const scores = async (out: string, name: (id: string) => string): Promise<Map<string, string>> => new Map([
      ...(await rowsOf(out, 'accounts.csv')).map((row): [string, string] => [name(row.account_id ?? ''), row.score ?? '']),
      ...(await rowsOf(out, 'referrals.csv')).map((row): [string, string] =>
        [`${name(row.inviter_id ?? '')} ${name(row.invitee_id ?? '')}`, `${row.probability} ${row.decision} ${row.bits} ${row.note}`]),
    ])
    const before = await scores('first', renamed)
    const after = await scores('shuffled', (id) => id)
    expect(before.size).toBeGreaterThan(250)
    expect(Object.fromEntries([...after].sort())).toEqual(Object.fromEntries([...before].sort()))
  })

  it('changes no score when rows are repeated and times written in another zone', async () => {
    const times = /_at$/
    const copy = await changedWorld('zones', (rows, _, header) => rows.flatMap((row, index) => {
      const moved = row.map((cell, column) => (times.test(header[column] ?? '') && cell !== '' ? String(Date.parse(cell) / 1000) : cell))
      return index % 3 === 0 ? [moved, moved] : [moved]
    }))
    await audit(copy, 'moved')
    for (const name of ['accounts.csv', 'referrals.csv', 'rings.csv']) {
      expect(await written('moved', name)).toBe(await written('first', name))
    }
    const summary = JSON.parse(await written('moved', 'summary.json')) as { input: { files: { repeated: number }[] } }
    expect(summary.input.files.reduce((sum, file) => sum + file.repeated, 0)).toBeGreaterThan(200)
  })

  it('keeps self-referrals, circles and second inviters as rows that are not payable', async () => {
    const times = 'account_id,created_at\n' + ['a', 'b', 'c'].map((id, index) => `${id},${1767225600 + index}\n`).join('')
    const path = await folders.write({
      'accounts.csv': times,
      'referrals.csv': 'inviter_id,invitee_id,created_at\na,a,1767226000\na,b,1767226001\nb,c,1767226002\nc,a,1767226003\nc,b,1767226004\n',
    })
    await audit(path, 'notes')
    expect((await rowsOf('notes', 'referrals.csv')).map((row) => `${row.inviter_id}${row.invitee_id} ${row.note}`)).toEqual(
      ['aa not_payable', 'ab ', 'bc ', 'ca not_payable', 'cb not_payable'])
    expect(JSON.parse(await written('notes', 'summary.json'))).toMatchObject({
      results: { not_payable: { self_referral: 1, second_inviter: 1, cycle: 1 } },
    })
  })

  it('stopped by --strict leaves what was there and no partial file', async () => {
    const path = await folders.write({ 'accounts.csv': 'account_id,created_at\na,1767225600\nb,never\n' })
    const before = await Promise.all(['accounts.csv', 'refusals.jsonl'].map((name) => written('first', name)))
    const result = await audit(path, 'first', { isStrict: true })
    expect(result).toMatchObject({ ok: false, refusal: { line: 3, column: 'created_at', reason: 'time_invalid' } })
    expect(await Promise.all(['accounts.csv', 'refusals.jsonl'].map((name) => written('first', name)))).toEqual(before)
    expect((await readdir(folders.path('first'))).filter((name) => name.includes('partial'))).toEqual([])
  })

  it('says in-sample where the model names the folder, by content and not by name', async () => {
    const first = JSON.parse(await written('first', 'summary.json')) as { input: { digest: string } }
    const source = { name: 'other', digest: first.input.digest, accounts: 1, labelledAccounts: 1, labelledReferrals: 1 }
    await audit(world, 'seen', { model: { ...priorModel, training: [source] } })
    expect(JSON.parse(await written('seen', 'summary.json'))).toMatchObject({ evaluation: { sample: 'in-sample' } })
    expect(JSON.parse(await written('first', 'summary.json'))).toMatchObject({ evaluation: { sample: 'out-of-sample' } })
    expect(await written('seen', 'report.html')).toContain('do not quote them as accuracy')
  })

  it('shows no raw identifier in any file', async () => {
    const observations = parse<Record<string, string>>(await readFile(join(world, 'observations.csv')), { columns: true })
    const accounts = parse<Record<string, string>>(await readFile(join(world, 'accounts.csv')), { columns: true })
    const raw = new Set([...observations.map((row) => row.value ?? ''), ...accounts.map((row) => row.email ?? '')])
    raw.delete('')
    const texts = await Promise.all((await readdir(folders.path('first'))).map((name) => written('first', name)))
    const shown = [...raw].filter((value) => value.length > 6 && texts.some((text) => text.includes(value)))
    expect(raw.size).toBeGreaterThan(1000)
    expect(shown).toEqual([])
  })
})

describe('the report', () => {
  it('asks nothing of any network and runs nothing', async () => {
    const page = await written('first', 'report.html')
    expect(page).toContain('content="default-src \'none\'; style-src \'unsafe-inline\'"')
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\((?!#)|\son\w+=|\ssrc=/i)
    expect([...page.matchAll(/href="([^"]*)"/g)].every(([, target = '']) => target.startsWith('#'))).toBe(true)
    expect([...page.matchAll(/https?:\/\/[^"'\s<]*/g)].map(([address]) => address)
      .filter((address) => address !== 'http://www.w3.org/2000/svg')).toEqual([])
  })

  it('holds hostile names as text, in every place where names appear', async () => {
    const hostile = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>'
    const quoted = `"${hostile.replaceAll('"', '""')}"`
    const accounts = ['a', 'b'].map((id) => `${id}${quoted.slice(1)}`.replace(/^(.)/, '"$1'))
    const attributes = `"${JSON.stringify({ mask: hostile, model: hostile }).replaceAll('"', '""')}"`
    const path = await folders.write({
      'accounts.csv': `account_id,created_at,${quoted}\n${accounts.map((id) => `${id},1767225600,x\n`).join('')}`,
      'referrals.csv': `inviter_id,invitee_id,created_at,program\n${accounts[0]},${accounts[1]},1767226000,${quoted}\n`,
      'observations.csv': 'account_id,kind,value,observed_at,attributes,display\n'
        + accounts.map((id) => `${id},device:install,one-device-of-two,1767225900,${attributes},${quoted}\n`).join(''),
      'labels.csv': `account_id,is_abuser,source\n${accounts[0]},1,${quoted}\n${accounts[1]},0,${quoted}\n`,
      '<b>.txt': 'x',
    })
    await audit(path, 'hostile')
    const page = await written('hostile', 'report.html')
    expect(page).toContain('&lt;script&gt;alert(1)')
    expect(page).not.toMatch(/<script|<img|<b>\.txt/)
  })

  it('is there in Chinese, with every sentence of the findings', async () => {
    await audit(world, 'chinese', { language: 'zh-CN' })
    const page = await written('chinese', 'report.html')
    expect(page).toContain('<html lang="zh-CN">')
    expect(page).toContain('邀请审计报告')
    expect(page).not.toMatch(/expected loss|Most referrals are genuine|of accounts have/)
    expect(await written('chinese', 'accounts.csv')).toBe(await written('first', 'accounts.csv'))
  })
})
