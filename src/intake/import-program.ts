// The programmes that imported referrals belong to: found by key, or made in mode observe with rules that do no harm.

import type { Database } from '../base/database.ts'
import { type NewProgram, publishProgram } from '../policies/index.ts'
import { catalogue } from '../programs/catalogue/index.ts'
import type { ImportOptions } from './import-options.ts'

const PROGRAM_KEY = /^[a-z0-9][a-z0-9-]{0,62}$/
export const ASSET_DEFAULT = 'USD'
/** The same rate that an audit assumes of a folder without rebates. */
const RATE_PPM_DEFAULT = 50_000

/** Before anything a folder may state. */
const BEFORE_ALL_FACTS = new Date('1990-01-01T00:00:00Z')

/** Remembers programmes by key for one import. */
export class ImportPrograms {
  private readonly database: Database
  private readonly options: ImportOptions
  /** What most of the folder's money is counted in. */
  private readonly mainAsset: () => Promise<string | null>
  private readonly known = new Map<string, bigint>()

  constructor(database: Database, options: ImportOptions, mainAsset: () => Promise<string | null>) {
    this.database = database
    this.options = options
    this.mainAsset = mainAsset
  }

  /** Null where the word cannot be a programme's key. */
  async idOf(name: string | null): Promise<bigint | null> {
    const key = (name ?? this.options.program).toLowerCase()
    const known = this.known.get(key)
    if (known !== undefined) return known
    if (!PROGRAM_KEY.test(key)) return null
    const found = await this.database.prisma.program.findUnique({ where: { key }, select: { id: true } })
    const id = found?.id ?? (await this.make(key))
    this.known.set(key, id)
    return id
  }

  private async make(key: string): Promise<bigint> {
    const { keys, clock, actorId } = this.options
    const asset = this.options.asset ?? (await this.mainAsset()) ?? ASSET_DEFAULT
    await this.database.prisma.asset.createMany({ data: [{ code: asset, kind: 'money', exponent: 6, name: asset }], skipDuplicates: true })
    const program = catalogue.find((each) => each.key === key) ?? plainProgram(key, asset)
    const published = await publishProgram({ database: this.database, keys, clock, actorId }, program)
    if (!published.ok) throw new Error(`The programme ${key} could not be made: ${published.reason}.`)
    return published.programId
  }
}

/**
 * Terms that nobody has stated allow what can be taken back without loss: to hold, to freeze, to cancel.
 * The host publishes its own version when it knows better.
 */
function plainProgram(key: string, asset: string): NewProgram {
  return {
    key, name: key,
    versions: [{
      effectiveFrom: BEFORE_ALL_FACTS,
      content: {
        asset,
        reward: { kind: 'rate', ratePpm: RATE_PPM_DEFAULT },
        enforcement: { actions: ['hold', 'freeze', 'cancel'], termsVersion: 'unstated', termsUrl: 'https://example.com/terms' },
        // Nobody was promised these terms, so the real ones need no notice.
        noticeDays: 0,
        linkTemplate: 'https://example.com/?ref={code}',
        shareText: {
          en: 'Sign up with my invite code {code}: {link} (advertisement: I earn a reward on your payments)',
          'zh-CN': '使用我的邀请码 {code} 注册:{link}(广告:您付费后我将获得奖励)',
        },
      },
    }],
  }
}
