// The house rules, executed: where files lie, what may import what, how long things get, and which words have a better one.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const sources = ['src', 'scoring', 'datasets', 'prisma'].flatMap((folder) => filesBelow(folder))
const tests = filesBelow('test')
/** The executable that starts main: the one file that stands outside the direction of imports. */
const LAUNCHER = 'src/cli/ringfence.mjs'

/** Who may import whom (design: one way, no cycles). Domains not named here may import nothing but base. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  scoring: [],
  datasets: [],
  base: [],
  acts: ['base'],
  policies: ['base', 'acts'],
  delivery: ['acts', 'base'],
  rings: ['base'],
  identities: ['acts', 'base'],
  ledger: ['acts', 'base'],
  population: ['scoring', 'base'],
  folders: ['scoring', 'base'],
  checks: ['scoring', 'policies', 'population', 'rings', 'base'],
  programs: ['checks', 'ledger', 'policies', 'population', 'delivery', 'acts', 'base'],
  payouts: ['checks', 'ledger', 'policies', 'population', 'delivery', 'acts', 'base'],
  statements: ['ledger', 'policies', 'population', 'acts', 'base'],
  keeping: ['ledger', 'population', 'delivery', 'acts', 'base'],
  intake: ['folders', 'programs', 'population', 'ledger', 'policies', 'scoring', 'base'],
  review: ['programs', 'ledger', 'rings', 'population', 'policies', 'delivery', 'acts', 'base', 'scoring'],
  scans: ['scoring', 'checks', 'review', 'rings', 'ledger', 'population', 'policies', 'delivery', 'base'],
  api: ['acts', 'base', 'checks', 'delivery', 'identities', 'intake', 'keeping', 'ledger', 'payouts', 'policies', 'population', 'programs', 'review', 'statements', 'rings', 'scans', 'scoring'],
  cli: ['acts', 'api', 'base', 'checks', 'datasets', 'delivery', 'folders', 'identities', 'intake', 'keeping', 'ledger', 'payouts', 'policies', 'population', 'programs', 'review', 'statements', 'rings', 'scans', 'scoring'],
}

/** Files that were longer than the limit when the rule came: the list may only shrink. */
const LONG_FILES: readonly string[] = []
const LINES_MAX = 320
const FORBIDDEN_FOLDERS = /^(utils?|helpers?|common|services?|managers?)$/

/** Banned → use this instead. Tests may read the environment and the clock. */
const BANNED: readonly { pattern: RegExp; instead: string; except?: RegExp }[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)/, instead: 'a Clock', except: /^src\/base\/clock\.ts$/ },
  { pattern: /\bMath\.random\(/, instead: 'a random source that is a parameter' },
  { pattern: /\bprocess\.env\b/, instead: 'the Config that main reads', except: /^(src\/main\.ts|prisma\/.*)$/ },
  { pattern: /\$transaction\(/, instead: 'inTransaction', except: /^src\/base\/database\.ts$/ },
  { pattern: /\$(query|execute)RawUnsafe/, instead: 'tagged templates' },
  { pattern: /\bconsole\./, instead: 'the log, or the command context' },
  { pattern: /: any[[\],;)=|]|\bas any\b|as unknown as|@ts-ignore|@ts-expect-error/, instead: 'a type' },
  { pattern: /\b(TODO|FIXME|XXX)\b/, instead: 'doing it' },
  { pattern: /export default/, instead: 'a named export' },
  { pattern: /[^.\w]fetch\(/, instead: 'the outgoing door of base' },
]

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('src/base/generated/'))
    .sort()
}

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

/** `src/ledger/posting.ts` → `ledger`; `scoring/detect.ts` → `scoring`; `src/main.ts` → `main`. */
function partOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  if (first !== 'src') return first
  return second.endsWith('.ts') ? second.slice(0, -3) : second
}

function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => normalize(join(dirname(file), match[1] ?? ''))).filter((target) => target.endsWith('.ts'))
}

describe('the house', () => {
  test('the top level holds only the fixed folders and what tools and readers look for', () => {
    const allowed = new Set(['package.json', 'package-lock.json', 'tsconfig.json', 'prisma', 'src', 'scoring', 'test', 'datasets', 'docs', 'README.md', 'LICENSE',
      'CHANGELOG.md', 'CONTRIBUTING.md', 'prisma.config.ts', 'vitest.config.ts', 'node_modules', 'dist'])
    const found = readdirSync(root).filter((name) => !name.startsWith('.') && !allowed.has(name))
    expect(found).toEqual([])
  })

  test('imports run one way', () => {
    const wrong: string[] = []
    for (const file of sources.filter((each) => !each.startsWith('prisma/') && each !== LAUNCHER)) {
      const part = partOf(file)
      if (part === 'main') continue
      for (const target of importsOf(file)) {
        const other = partOf(target)
        if (other !== part && !(MAY_IMPORT[part] ?? ['base']).includes(other)) wrong.push(`${file} imports ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('no two files of different parts import each other in a circle', () => {
    const edges = new Map<string, Set<string>>()
    for (const file of sources.filter((each) => each !== LAUNCHER)) {
      for (const target of importsOf(file)) {
        const [from, to] = [partOf(file), partOf(target)]
        if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
      }
    }
    const onPath: string[] = []
    const done = new Set<string>()
    const visit = (part: string): void => {
      expect(onPath, `a circle through ${part}`).not.toContain(part)
      if (done.has(part)) return
      onPath.push(part)
      for (const next of edges.get(part) ?? []) visit(next)
      onPath.pop()
      done.add(part)
    }
    for (const part of edges.keys()) visit(part)
  })

  test('every source file starts by saying what it is for', () => {
    const silent = [...sources, ...tests].filter((file) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(textOf(file)))
    expect(silent).toEqual([])
  })

  test('files stay short', () => {
    const long = sources.filter((file) => textOf(file).split('\n').length > LINES_MAX && !LONG_FILES.includes(file))
    expect(long).toEqual([])
    const shrunk = LONG_FILES.filter((file) => !sources.includes(file) || textOf(file).split('\n').length <= LINES_MAX)
    expect(shrunk, 'short by now: take them off the list').toEqual([])
  })

  test('no folder or file is named after nothing', () => {
    const vague = [...sources, ...tests].filter((file) => file.split('/').some((name) => FORBIDDEN_FOLDERS.test(name.replace(/\.\w+$/, ''))))
    expect(vague).toEqual([])
  })

  test.each(BANNED)('$pattern is not used: there is $instead', ({ pattern, except }) => {
    const found = sources
      .filter((file) => !except?.test(file))
      .filter((file) => textOf(file).split('\n').some((line) => pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line)))
    expect(found).toEqual([])
  })

  test('no test is skipped or run alone', () => {
    const found = tests.filter((file) => file !== 'test/tidy.test.ts' && /\b(test|it|describe)\.(only|skip|todo)\b/.test(textOf(file)))
    expect(found).toEqual([])
  })

  test('no two tests of a file have the same title', () => {
    for (const file of tests.filter((each) => each.endsWith('.test.ts'))) {
      const titles = [...textOf(file).matchAll(/^\s*(?:test|it)\('((?:[^'\\]|\\.)*)'/gm)].map((match) => match[1])
      expect(titles.filter((title, place) => titles.indexOf(title) !== place), file).toEqual([])
    }
  })

  test('ua-parser-js stays at 1.x, which is MIT: 2.x is AGPL', () => {
    expect(JSON.parse(textOf('node_modules/ua-parser-js/package.json'))).toMatchObject({ version: expect.stringMatching(/^1\./), license: 'MIT' })
  })

  test('the lock file names no host', () => {
    expect(textOf('package-lock.json')).not.toMatch(/"resolved"/)
  })
})
