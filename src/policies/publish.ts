// Publishing: a programme, a version of its rules or of its policy, each with its digest, its actor and its act.
// Promises: versions are numbered without gaps; the same version twice is the same version; another content at the same start is refused.

import { type NewAct, appendAct } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { type CheckPolicyInput, checkPolicy } from './check-policy.ts'
import { type ProgramRulesInput, programRules } from './program-rules.ts'

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

export type PublishRefusal = 'other_content_at_this_start' | 'unknown_asset'
export type Published = { ok: true; programId: bigint; versionIds: readonly bigint[]; isNew: boolean } | { ok: false; reason: PublishRefusal }

/** Makes the programme and what is missing of its versions; repeating it changes nothing. Throws on rules that do not validate. */
export async function publishProgram(publisher: Publisher, program: NewProgram): Promise<Published> {
  const versions = program.versions.map((version) => ({ ...version, content: programRules.parse(version.content) }))
  const policies = (program.policies ?? [{ effectiveFrom: earliestOf(program.versions), content: {} }])
    .map((version) => ({ ...version, content: checkPolicy.parse(version.content) }))
  return publisher.database.inTransaction(async (transaction): Promise<Published> => {
    const assets = [...new Set(versions.map((version) => version.content.asset))]
    if ((await transaction.asset.count({ where: { code: { in: assets } } })) !== assets.length) return { ok: false, reason: 'unknown_asset' }
    const programId = await obtainProgram(transaction, publisher, program)
    const acts: NewAct[] = []
    const rulesIds = await addVersions(transaction, publisher, acts, { table: 'programVersion', programId, versions })
    await addVersions(transaction, publisher, acts, { table: 'policyVersion', programId, versions: policies })
    for (const act of acts) await appendAct(transaction, publisher.keys, publisher.clock, act)
    return { ok: true, programId, versionIds: rulesIds, isNew: acts.length > 0 }
  }).catch((error: unknown): Published => {
    if (error instanceof OtherContent) return { ok: false, reason: 'other_content_at_this_start' }
    throw error
  })
}

/** Thrown, so that the transaction takes back what it had already written. */
class OtherContent extends Error {}

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

interface VersionsToAdd {
  readonly table: 'programVersion' | 'policyVersion'
  readonly programId: bigint
  readonly versions: readonly NewVersion<object>[]
}

/** The ids of the versions in the order given. */
async function addVersions(transaction: Transaction, publisher: Publisher, acts: NewAct[], { table, programId, versions }: VersionsToAdd): Promise<bigint[]> {
  const known = table === 'programVersion'
    ? await transaction.programVersion.findMany({ where: { programId } })
    : await transaction.policyVersion.findMany({ where: { programId } })
  let number = Math.max(0, ...known.map((version) => version.number))
  const ids: bigint[] = []
  for (const { effectiveFrom, content } of versions) {
    const text = canonicalJson(content)
    const digest = new Uint8Array(digestOf(text))
    const same = known.find((version) => version.effectiveFrom.getTime() === effectiveFrom.getTime())
    if (same !== undefined) {
      if (!Buffer.from(same.digest).equals(digest)) throw new OtherContent('another content at this start')
      ids.push(same.id)
      continue
    }
    number += 1
    const row = { programId, number, effectiveFrom, digest, actorId: publisher.actorId, recordedAt: publisher.clock.now() }
    const json = JSON.parse(text) as Record<string, string>
    const { id } = table === 'programVersion'
      ? await transaction.programVersion.create({ data: { ...row, rules: json }, select: { id: true } })
      : await transaction.policyVersion.create({ data: { ...row, policy: json }, select: { id: true } })
    ids.push(id)
    acts.push({
      actorId: publisher.actorId,
      kind: table === 'programVersion' ? 'program_version_published' : 'policy_version_published',
      objectKind: table === 'programVersion' ? 'program_version' : 'policy_version',
      objectId: id,
      after: json,
    })
  }
  return ids
}
