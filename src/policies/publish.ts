// Publishing: a programme, a version of its rules or of its policy, each with its digest, its actor and its act.
// Promises: versions are numbered without gaps; the same version twice is the same version, also one that an older release stored; another
// content at the same start is refused, and so are less favourable rules without notice.

import { type NewAct, appendAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { type CheckPolicy, type CheckPolicyInput, checkPolicy } from './check-policy.ts'
import { lessFavourable } from './favour.ts'
import type { LessFavourable } from './favour-tracks.ts'
import { type ProgramRules, type ProgramRulesInput, programRules, tracksOf } from './program-rules.ts'

const DAY_MILLISECONDS = 86_400_000

export interface Publisher {
  readonly database: Pick<Database, 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
}

export interface NewVersion<Content> {
  readonly effectiveFrom: Date
  readonly content: Content
}

/** A programme with the versions it starts with; without a policy it starts in mode observe. */
export interface NewProgram {
  /** A word such as `apiyi`. */
  readonly key: string
  readonly name: string
  readonly versions: readonly NewVersion<ProgramRulesInput>[]
  readonly policies?: readonly NewVersion<CheckPolicyInput>[]
}

export type PublishRefusal =
  | { readonly ok: false; readonly reason: 'other_content_at_this_start' }
  /** The books do not know these. */
  | { readonly ok: false; readonly reason: 'unknown_asset'; readonly assets: readonly string[] }
  /** Less favourable rules need notice: in what they are, and from when on they may be in force if they are published now. */
  | { readonly ok: false; readonly reason: 'notice_too_short'; readonly lessFavourable: readonly LessFavourable[]; readonly earliest: Date }
export type Published = { readonly ok: true; readonly programId: bigint; readonly versionIds: readonly bigint[]; readonly isNew: boolean } | PublishRefusal

/**
 * Makes the programme and what is missing of its versions; repeating it changes nothing. The first publication may have a history;
 * from then on less favourable rules need the notice of the version they follow. Throws on rules that do not validate.
 */
export async function publishProgram(publisher: Publisher, program: NewProgram): Promise<Published> {
  const versions = program.versions.map((version) => ({ ...version, content: programRules.parse(version.content) }))
  const policies = (program.policies ?? [{ effectiveFrom: earliestOf(program.versions), content: {} }])
    .map((version) => ({ ...version, content: checkPolicy.parse(version.content) }))
  return publisher.database.inTransaction(async (transaction): Promise<Published> => {
    const assets = await unknownAssets(transaction, versions.map(({ content }) => content))
    if (assets.length > 0) return { ok: false, reason: 'unknown_asset', assets }
    const programId = await obtainProgram(transaction, publisher, program)
    const acts: NewAct[] = []
    const adding = { transaction, publisher, programId, acts }
    const known = await rulesShelf.read(transaction, programId)
    const versionIds = await addVersions(adding, rulesShelf, known, versions)
    refuseShortNotice(known, versions, publisher.clock.now())
    await addVersions(adding, policyShelf, await policyShelf.read(transaction, programId), policies)
    for (const act of acts) await appendAct(transaction, publisher.keys, publisher.clock, act)
    return { ok: true, programId, versionIds, isNew: acts.length > 0 }
  }).catch((error: unknown): Published => {
    if (error instanceof Refused) return error.refusal
    throw error
  })
}

/** A refusal in a sentence. */
export function refusalText(refusal: PublishRefusal): string {
  switch (refusal.reason) {
    case 'other_content_at_this_start': return 'Another version starts at this time; versions are never changed, publish one with a later start.'
    case 'unknown_asset': return `The books do not know ${refusal.assets.join(', ')}.`
    case 'notice_too_short': return `Less favourable rules need notice: they may start from ${refusal.earliest.toISOString()} on. ${refusal.lessFavourable.map(({ rule, sentence }) => `${rule}: ${sentence}`).join(' ')}`
  }
}

/** Thrown, so that the transaction takes back what it had already written. */
class Refused extends Error {
  readonly refusal: PublishRefusal

  constructor(refusal: PublishRefusal) {
    super(refusal.reason)
    this.refusal = refusal
  }
}

async function unknownAssets(transaction: Transaction, versions: readonly ProgramRules[]): Promise<string[]> {
  const named = new Set(versions.flatMap((rules) => assetsOf(rules)))
  const known = await transaction.asset.findMany({ where: { code: { in: [...named] } }, select: { code: true } })
  return [...named].filter((code) => !known.some((asset) => asset.code === code)).sort()
}

function assetsOf(rules: ProgramRules): string[] {
  const { asset, caps, signupCredit, valuation } = rules
  return [asset, ...tracksOf(rules).map((track) => track.asset), ...caps.flatMap((cap) => cap.asset ?? []), ...Object.keys(valuation), ...(signupCredit === null ? [] : [signupCredit.asset])]
}

function earliestOf(versions: readonly { effectiveFrom: Date }[]): Date {
  return new Date(Math.min(...versions.map((version) => version.effectiveFrom.getTime())))
}

async function obtainProgram(transaction: Transaction, publisher: Publisher, program: NewProgram): Promise<bigint> {
  await transaction.program.createMany({
    data: [{ key: program.key, name: program.name, actorId: publisher.actorId, recordedAt: publisher.clock.now() }],
    skipDuplicates: true,
  })
  // The row's lock makes the numbering of versions one after another.
  const rows = await transaction.$queryRaw<{ id: bigint }[]>`select id from program where key = ${program.key} for no key update`
  const id = rows[0]?.id
  if (id === undefined) throw new Error('A programme vanished while it was being made.')
  return id
}

interface Stored<Content> {
  readonly id: bigint
  readonly number: number
  readonly effectiveFrom: Date
  /** What the stored record means under today's rules: a record of an older release has no fields that came later, and means their defaults. */
  readonly content: Content
}

interface VersionRow {
  readonly programId: bigint
  readonly number: number
  readonly effectiveFrom: Date
  readonly digest: Uint8Array<ArrayBuffer>
  readonly actorId: bigint
  readonly recordedAt: Date
}

/** The one difference between versions of rules and of policies: where they lie and what they are called. */
interface Shelf<Content> {
  readonly name: 'program_version' | 'policy_version'
  read(transaction: Transaction, programId: bigint): Promise<Stored<Content>[]>
  write(transaction: Transaction, row: VersionRow, content: Record<string, string>): Promise<{ id: bigint }>
}

const rulesShelf: Shelf<ProgramRules> = {
  name: 'program_version',
  read: async (transaction, programId) => (await transaction.programVersion.findMany({ where: { programId } })).map((row) => ({ ...row, content: programRules.parse(row.rules) })),
  write: (transaction, row, rules) => transaction.programVersion.create({ data: { ...row, rules }, select: { id: true } }),
}
const policyShelf: Shelf<CheckPolicy> = {
  name: 'policy_version',
  read: async (transaction, programId) => (await transaction.policyVersion.findMany({ where: { programId } })).map((row) => ({ ...row, content: checkPolicy.parse(row.policy) })),
  write: (transaction, row, policy) => transaction.policyVersion.create({ data: { ...row, policy }, select: { id: true } }),
}

interface Adding {
  readonly transaction: Transaction
  readonly publisher: Publisher
  readonly programId: bigint
  readonly acts: NewAct[]
}

/** The ids of the versions in the order given. */
async function addVersions<Content>({ transaction, publisher, programId, acts }: Adding, shelf: Shelf<Content>, known: readonly Stored<Content>[], versions: readonly NewVersion<Content>[]): Promise<bigint[]> {
  let number = Math.max(0, ...known.map((version) => version.number))
  const ids: bigint[] = []
  for (const { effectiveFrom, content } of versions) {
    const text = canonicalJson(content)
    const same = startingAt(known, effectiveFrom)
    if (same !== undefined) {
      if (canonicalJson(same.content) !== text) throw new Refused({ ok: false, reason: 'other_content_at_this_start' })
      ids.push(same.id)
      continue
    }
    number += 1
    const json = JSON.parse(text) as Record<string, string>
    const { actorId, clock } = publisher
    const { id } = await shelf.write(transaction, { programId, number, effectiveFrom, digest: new Uint8Array(digestOf(text)), actorId, recordedAt: clock.now() }, json)
    ids.push(id)
    acts.push({ actorId, kind: `${shelf.name}_published`, objectKind: shelf.name, objectId: id, after: json })
  }
  return ids
}

function startingAt<Content>(known: readonly Stored<Content>[], start: Date): Stored<Content> | undefined {
  return known.find((version) => version.effectiveFrom.getTime() === start.getTime())
}

/** Each new version is compared with the one it follows; whoever publishes for the first time surprises nobody. */
function refuseShortNotice(known: readonly Stored<ProgramRules>[], versions: readonly NewVersion<ProgramRules>[], now: Date): void {
  if (known.length === 0) return
  const all = [...known, ...versions.filter(({ effectiveFrom }) => startingAt(known, effectiveFrom) === undefined)]
    .sort((left, right) => left.effectiveFrom.getTime() - right.effectiveFrom.getTime())
  for (const [place, version] of all.entries()) {
    const before = all[place - 1]
    if (before === undefined || 'id' in version) continue
    const earliest = new Date(now.getTime() + before.content.noticeDays * DAY_MILLISECONDS)
    if (version.effectiveFrom >= earliest) continue
    const worse = lessFavourable(before.content, version.content)
    if (worse.length > 0) throw new Refused({ ok: false, reason: 'notice_too_short', lessFavourable: worse, earliest })
  }
}
