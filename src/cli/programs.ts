// `ringfence programs`: the programmes and their rules: listed, added from the catalogue, shown in words, published as new versions.
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import {
  formatInZone, type NewProgram, type ProgramRules, programRules, publishProgram, refusalText, RULE_LANGUAGES, type RuleLanguage, rulesInWords, timeWithOffset,
} from '../policies/index.ts'
import { catalogue } from '../programs/index.ts'
import type { CliContext } from './context.ts'
import { ExitCode } from './context.ts'
import { AS_OPTION, refuse, REFUSAL_NOTE, type ReviewSession, withReviewSession } from './review-session.ts'

interface ShowOptions {
  readonly language: string
  readonly at?: string
  readonly json?: boolean
}

interface PublishOptions {
  readonly from: string
  readonly name?: string
  readonly as?: string
}

export function register(program: Command, context: CliContext): void {
  const programs = program.command('programs').description('Lists, adds, shows and publishes programmes and their rules.').addHelpText('after', `
Examples:
  ringfence programs list
  ringfence programs add api-market
  ringfence programs show apiyi --language zh-CN
  ringfence programs show apiyi --at 2026-05-14T23:59:59+08:00
  ringfence programs show apiyi --json > rules.json
  ringfence programs publish apiyi rules.json --from 2026-09-01T00:00:00+08:00

In the catalogue: ${catalogue.map(({ key }) => key).join(', ')}. A version is never changed: a new one starts at a time, and less favourable rules need notice.
${REFUSAL_NOTE}`)
  const sub = (name: string, description: string): Command => programs.command(name).description(description).exitOverride()
  sub('list', 'Lists the programmes with the version in force.').option('--json', 'as JSON')
    .action((options: { json?: boolean }) => withReviewSession(context, undefined, (session) => list(session, context, options.json === true)))
  sub('add', 'Adds a programme of the catalogue with its versions.').argument('<key>').option(...AS_OPTION)
    .action((key: string, options: { as?: string }) => withReviewSession(context, options.as, (session) => add(session, context, key)))
  sub('show', 'Shows the rules of a version in words.').argument('<key>')
    .option('--language <language>', RULE_LANGUAGES.join(' or '), 'en').option('--at <time>', 'the version in force then (default: now)').option('--json', 'the record itself, as publish takes it')
    .action((key: string, options: ShowOptions) => withReviewSession(context, undefined, (session) => show(session, context, key, options)))
  sub('publish', 'Publishes rules that are in force from a time on.').argument('<key>').argument('<file>', 'the rules as JSON')
    .requiredOption('--from <time>', 'with its offset, such as 2026-09-01T00:00:00+08:00; or now').option('--name <name>', 'of a programme that is new').option(...AS_OPTION)
    .action((key: string, file: string, options: PublishOptions) => publish({ context, key, file, options }))
}

/** Wrong use, told from a refusal. */
function complain(context: CliContext, ...lines: readonly string[]): void {
  for (const line of lines) context.printError(line)
  context.exit(ExitCode.badInput)
}

function tell(context: CliContext, ...lines: readonly string[]): void {
  for (const line of lines) context.print(line)
  context.exit(ExitCode.done)
}

async function list({ read }: ReviewSession, context: CliContext, isJson: boolean): Promise<void> {
  const now = context.clock.now()
  const rows = await read((transaction) => transaction.program.findMany({ include: { programVersion: { orderBy: { effectiveFrom: 'asc' } } }, orderBy: { id: 'asc' } }))
  const lines = rows.map(({ key, name, programVersion: versions }) => {
    const inForce = versions.findLast(({ effectiveFrom }) => effectiveFrom <= now)
    const zone = inForce === undefined ? 'UTC' : programRules.parse(inForce.rules).zone
    return {
      key, name, versions: versions.length, in_force: inForce?.number ?? null, since: inForce === undefined ? null : formatInZone(zone, inForce.effectiveFrom),
      next: versions.filter(({ effectiveFrom }) => effectiveFrom > now).map(({ number, effectiveFrom }) => ({ number, from: formatInZone(zone, effectiveFrom) })),
    }
  })
  if (isJson) return tell(context, JSON.stringify({ programs: lines }, null, 2))
  if (lines.length === 0) return tell(context, `There is no programme yet. In the catalogue: ${catalogue.map(({ key }) => key).join(', ')}.`)
  tell(context, ...lines.map(({ key, name, in_force: number, since, next }) => (
    `${key}  ${name}  ${number === null ? 'not in force yet' : `version ${number} since ${since ?? ''}`}${next.map((each) => `; version ${each.number} from ${each.from}`).join('')}`)))
}

async function add({ reviewer, read }: ReviewSession, context: CliContext, key: string): Promise<void> {
  const wanted = catalogue.find((program) => program.key === key)
  if (wanted === undefined) return complain(context, `The catalogue has no ${key}: it has ${catalogue.map((program) => program.key).join(', ')}.`)
  const isKnown = (await read((transaction) => transaction.program.count({ where: { key, programVersion: { some: {} } } }))) > 0
  const result = await publishProgram(reviewer, wanted)
  if (result.ok) return tell(context, result.isNew ? `Added ${key} with ${wanted.versions.length} version${wanted.versions.length === 1 ? '' : 's'} of its rules. Its checks only observe until a policy says otherwise.` : `${key} is there already, as in the catalogue.`)
  if (!isKnown) return refuse(context, { reason: result.reason, detail: refusalText(result) }, { isJson: false })
  refuse(context, { reason: 'known_with_other_rules', detail: `${key} is there already with rules of its own, which stay. Take over others with \`programs show\` and \`programs publish\`.` }, { isJson: false })
}

async function show({ read }: ReviewSession, context: CliContext, key: string, { language, at, json }: ShowOptions): Promise<void> {
  if (!isLanguage(language)) return complain(context, `The language is ${RULE_LANGUAGES.join(' or ')}.`)
  const time = at === undefined ? context.clock.now() : timeWithOffset(at)
  if (time === null) return complain(context, 'Write the time with its offset, such as 2026-05-15T00:00:00+08:00.')
  const found = await read((transaction) => transaction.program.findUnique({ where: { key }, include: { programVersion: { orderBy: { effectiveFrom: 'asc' } } } }))
  if (found === null) return complain(context, `There is no programme ${key}.`)
  const place = found.programVersion.findLastIndex(({ effectiveFrom }) => effectiveFrom <= time)
  const version = found.programVersion[place]
  if (version === undefined) return complain(context, `No version of ${key} is in force then.`)
  const rules = programRules.parse(version.rules)
  if (json === true) return tell(context, JSON.stringify(rules, null, 2))
  const next = found.programVersion[place + 1]
  const until = next === undefined ? '' : language === 'en' ? ` until ${formatInZone(rules.zone, next.effectiveFrom)}` : ` 至 ${formatInZone(rules.zone, next.effectiveFrom)}`
  const from = formatInZone(rules.zone, version.effectiveFrom)
  const head = language === 'en' ? `${found.name} (${key}), version ${version.number}, in force from ${from}${until}` : `${found.name}（${key}）第 ${version.number} 版，自 ${from} 起生效${until}`
  tell(context, head, textOf(rules, language))
}

const isLanguage = (text: string): text is RuleLanguage => RULE_LANGUAGES.some((language) => language === text)

function textOf(rules: ProgramRules, language: RuleLanguage): string {
  return rulesInWords(rules, language).map(({ heading, sentences }) => [`\n${heading}`, ...sentences.map((sentence) => `  ${sentence}`)].join('\n')).join('\n')
}

interface Publishing {
  readonly context: CliContext
  readonly key: string
  readonly file: string
  readonly options: PublishOptions
}

/** Clocks of those who publish may run behind ours by this much. */
const PAST_SECONDS = 300

/** Whatever is wrong with the words of the command or the file is said before the database is opened. */
async function publish({ context, key, file, options }: Publishing): Promise<void> {
  const effectiveFrom = options.from === 'now' ? context.clock.now() : timeWithOffset(options.from)
  if (effectiveFrom === null) return complain(context, '--from is a time with its offset, such as 2026-09-01T00:00:00+08:00, or now.')
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(key)) return complain(context, 'A key is made of small letters, digits and hyphens.')
  const record = await readRecord(file)
  if (typeof record === 'string') return complain(context, record)
  const parsed = programRules.safeParse(record.content)
  if (!parsed.success) return complain(context, `${file} is not published:`, ...parsed.error.issues.map(({ path, message }) => `  ${path.length === 0 ? '(the record)' : path.join('.')}: ${message}`))
  const rules = parsed.data
  await withReviewSession(context, options.as, async ({ reviewer, read }) => {
    const known = await read((transaction) => transaction.program.findUnique({ where: { key }, select: { name: true, programVersion: { where: { effectiveFrom }, select: { id: true } } } }))
    if (known === null && options.name === undefined) return complain(context, `There is no programme ${key}. Make it with --name.`)
    const isPast = effectiveFrom.getTime() < context.clock.now().getTime() - PAST_SECONDS * 1000
    if (known !== null && known.programVersion.length === 0 && isPast) {
      return refuse(context, { reason: 'effective_in_the_past', detail: `${key} runs already: a new version takes effect now or later.` }, { isJson: false })
    }
    const program: NewProgram = {
      key, name: known?.name ?? options.name ?? key, versions: [{ effectiveFrom, content: rules }], policies: known === null ? [{ effectiveFrom, content: {} }] : [],
    }
    const result = await publishProgram(reviewer, program)
    const from = formatInZone(rules.zone, effectiveFrom)
    if (result.ok) return tell(context, result.isNew ? `Published: ${key} has new rules from ${from} on (${rules.zone}).` : `${key} has these rules from ${from} on already.`)
    const lines = result.reason !== 'notice_too_short' ? [refusalText(result)]
      : [`less favourable rules may start from ${formatInZone(rules.zone, result.earliest)} on.`, ...result.lessFavourable.map(({ rule, sentence }) => `  ${rule}: ${sentence}`)]
    refuse(context, { reason: result.reason, detail: lines.join('\n') }, { isJson: false })
  })
}

/** A sentence where the file holds no JSON. */
async function readRecord(file: string): Promise<{ content: unknown } | string> {
  try {
    return { content: JSON.parse(await readFile(file, 'utf8')) as unknown }
  } catch (error) {
    return `${file}: ${error instanceof Error ? error.message : String(error)}`
  }
}
