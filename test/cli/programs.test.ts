// Goal: an operator adds, reads and publishes programmes from the command line, and every mistake is named by field and reason.
// Method: the command lines in this process, on a test's own database.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { programRules } from '../../src/policies/index.ts'
import { catalogue } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { ran } from './review-commands.ts'

const setting = await useDatabase()
const elsewhere = await useDatabase()
const { clock, database } = setting
const directory = await mkdtemp(join(tmpdir(), 'rules-'))
afterAll(() => rm(directory, { recursive: true }))

const run = (...words: string[]) => ran(setting, 'programs', ...words)
async function file(content: unknown): Promise<string> {
  const path = join(directory, 'rules.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('ringfence programs', () => {
  test('says what the catalogue has while there is no programme', async () => {
    expect(await run('list')).toMatchObject({ code: 0, printed: expect.stringContaining('apiyi, api-market, chat-api') as string })
  })

  test('adds every programme of the catalogue, and adding one again changes nothing', async () => {
    for (const { key, versions } of catalogue) {
      expect(await run('add', key)).toMatchObject({ code: 0, printed: expect.stringContaining(`Added ${key} with ${versions.length} version`) as string })
      expect(await run('add', key)).toMatchObject({ code: 0, printed: `${key} is there already, as in the catalogue.` })
    }
    const { printed } = await run('list')
    expect(printed).toContain('apiyi  API易  version 2 since 2026-05-15 00:00:00 +08:00')
    expect(JSON.parse((await run('list', '--json')).printed)).toMatchObject({ programs: [{ key: 'apiyi', versions: 2, in_force: 2 }, { key: 'api-market' }, { key: 'chat-api' }] })
  })

  test('an unknown programme of the catalogue, language or time is wrong use', async () => {
    for (const words of [['add', 'nowhere'], ['show', 'nowhere'], ['show', 'apiyi', '--language', 'fr'], ['show', 'apiyi', '--at', '2026-05-15T00:00:00'], ['show', 'apiyi', '--at', '1990-01-01T00:00:00Z']]) {
      expect(await run(...words)).toMatchObject({ code: 2, printed: '' })
    }
  })

  test('shows the version in force at a time in words, in both languages', async () => {
    const before = await run('show', 'apiyi', '--at', '2026-05-14T23:59:59.999+08:00')
    expect(before.printed).toContain('version 1, in force from 2000-01-01 00:00:00 +08:00 until 2026-05-15 00:00:00 +08:00')
    expect(before.printed).toContain('10 % of the money received.')
    expect((await run('show', 'apiyi')).printed).toContain('5 % of the money received.')
    const chinese = await run('show', 'chat-api', '--language', 'zh-CN')
    expect(chinese.printed).toContain('每付一个月奖励 3 天服务')
    expect(chinese.printed).toContain('30、7 天前通知')
  })

  test('what show prints as JSON is what publish takes', async () => {
    const { printed } = await run('show', 'api-market', '--json')
    expect(programRules.parse(JSON.parse(printed))).toEqual(JSON.parse(printed))
    const answer = await run('publish', 'copy', await file(printed), '--from', '2026-07-01T00:00:00+08:00', '--name', 'A copy')
    expect(answer).toMatchObject({ code: 0, printed: 'Published: copy has new rules from 2026-06-30 16:00:00 +00:00 on (UTC).' })
    expect(await run('publish', 'copy', await file(printed), '--from', '2026-06-30T16:00:00Z')).toMatchObject({ code: 0, printed: expect.stringContaining('already') as string })
  })

  test('names every field that is wrong with its reason, and publishes nothing', async () => {
    const rules = JSON.parse((await run('show', 'api-market', '--json')).printed) as { tracks: { reward: { ratePpm: number } }[]; zone: string }
    const broken = { ...rules, zone: 'Mars/Olympus', ratee: 5, tracks: rules.tracks.map((track) => ({ ...track, reward: { kind: 'rate', ratePpm: 1_000_001 } })) }
    const { code, complained } = await run('publish', 'api-market', await file(broken), '--from', 'now')
    expect(code).toBe(2)
    expect(complained).toMatch(/tracks\.0\.reward\.ratePpm: .*1000000/)
    expect(complained).toContain('zone: a time zone of the IANA database, such as Asia/Shanghai')
    expect(complained).toContain('"ratee"')
    expect(await database.prisma.programVersion.count({ where: { program: { key: 'api-market' } } })).toBe(1)
  })

  test('a file that is no JSON, a time without offset and a new key without a name are wrong use', async () => {
    const rules = (await run('show', 'apiyi', '--json')).printed
    expect(await run('publish', 'apiyi', await file('{'), '--from', 'now')).toMatchObject({ code: 2 })
    expect(await run('publish', 'apiyi', join(directory, 'none.json'), '--from', 'now')).toMatchObject({ code: 2, complained: expect.stringContaining('none.json') as string })
    expect(await run('publish', 'apiyi', await file(rules), '--from', '2026-09-01')).toMatchObject({ code: 2, complained: expect.stringContaining('offset') as string })
    expect(await run('publish', 'newest', await file(rules), '--from', 'now')).toMatchObject({ code: 2, complained: expect.stringContaining('--name') as string })
  })

  test('a programme that runs is not changed backwards', async () => {
    const rules = await file((await run('show', 'apiyi', '--json')).printed)
    expect(await run('publish', 'apiyi', rules, '--from', '2026-05-20T00:00:00+08:00')).toMatchObject({ code: 1, complained: expect.stringContaining('effective_in_the_past') as string })
    expect(await run('publish', 'apiyi', rules, '--from', '2026-05-15T00:00:00+08:00')).toMatchObject({ code: 0, printed: expect.stringContaining('already') as string })
  })

  test('less favourable rules without notice are refused with what is worse and from when on they may start', async () => {
    const rules = JSON.parse((await run('show', 'apiyi', '--json')).printed) as object
    const answer = await run('publish', 'apiyi', await file({ ...rules, reward: { kind: 'rate', ratePpm: 10_000 } }), '--from', 'now')
    expect(answer.code).toBe(1)
    expect(answer.complained).toContain('from 2026-07-01 20:00:00 +08:00 on')
    expect(answer.complained).toContain('tracks.default.reward: The reward of the track default falls: 1 % instead of 5 %.')
    clock.advance(1)
    expect(await run('publish', 'apiyi', await file({ ...rules, reward: { kind: 'rate', ratePpm: 60_000 } }), '--from', 'now', '--as', 'dana')).toMatchObject({ code: 0 })
    const act = await database.prisma.act.findFirstOrThrow({ where: { kind: 'program_version_published' }, orderBy: { sequence: 'desc' } })
    expect(await database.prisma.actor.findUnique({ where: { id: act.actorId } })).toMatchObject({ kind: 'person', name: 'dana' })
  })

  test('a programme with rules of its own keeps them, whatever the catalogue says', async () => {
    const rules = await file((await run('show', 'apiyi', '--json')).printed)
    const there = (...words: string[]) => ran(elsewhere, 'programs', ...words)
    expect(await there('publish', 'chat-api', rules, '--from', '2000-01-01T00:00:00Z', '--name', 'Ours')).toMatchObject({ code: 0 })
    expect(await there('add', 'chat-api')).toMatchObject({ code: 1, complained: expect.stringContaining('known_with_other_rules') as string })
    expect((await there('list')).printed).toBe('chat-api  Ours  version 1 since 2000-01-01 08:00:00 +08:00')
  })
})
