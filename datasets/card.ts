// The card of a world: origin, method, parameters with their sources, counts at a stated seed, limits.
// Every figure is computed here from the settings and a generated world, so that a card cannot go stale unnoticed.
import { generateWorld, worlds } from './generate.ts'
import { parameterDefinitions, type ParameterName, type WorldSettings } from './parameters.ts'
import type { World } from './world.ts'

export const cardSeed = 1
export const cardAccounts = 5000

/** The card as Markdown. */
export function worldCard(name: string): string {
  const settings = worlds[name]
  if (settings === undefined) throw new Error(`no world named ${name}`)
  const world = generateWorld({ world: name, seed: cardSeed, accounts: cardAccounts })
  return [
    `# The world \`${name}\``,
    settings.description,
    '## Origin and method',
    'Synthetic: every person, address, device, instrument and operator is drawn by the generator in this folder from a seed. No row comes from a real platform, and the addresses, though public, mean nobody. How a world is made stands in [the page of all worlds](../README.md).',
    `\`\`\`sh\nnpm run -s ringfence -- generate ${name} --seed ${cardSeed} --accounts ${cardAccounts} --out ./${name}\n\`\`\``,
    `Licence: Apache-2.0, as the rest of this project. Fit for trying the product, for fitting a general model and for comparing detectors with each other. **A figure measured on it is not accuracy in the field.**`,
    '## Counts',
    countsTable(world),
    ringsSentence(world),
    '## Settings',
    settingsSentence(settings),
    parametersTable(settings),
    '## Limits',
    'Operators here do what the generator\'s authors thought of. Shares without a source are assumptions; the ranges of the last column say how far varied worlds move them. Money is in one currency. People do not learn from being caught, and nobody reacts to a hold.',
    '',
  ].join('\n\n')
}

function countsTable(world: World): string {
  const honest = countBy(world.referral_labels.filter((row) => row.is_self_invite === 0).map((row) => row.stratum))
  const abuse = countBy(world.referral_labels.filter((row) => row.is_self_invite === 1).map((row) => row.stratum))
  const sum = (counts: readonly [string, number][]): number => counts.reduce((all, [, count]) => all + count, 0)
  const share = ((100 * sum(abuse)) / world.referrals.length).toFixed(1)
  const line = ([stratum, count]: [string, number]): string => `| ${stratum} | ${count} |`
  return [
    `At seed ${cardSeed} with ${cardAccounts} accounts: ${world.referrals.length} referrals, ${sum(abuse)} of them self-invitations (${share} %); ${world.observations.length} observations, ${world.transactions.length} transactions, ${world.rebates.length} rebates, ${world.clicks.length} clicks, ${world.payouts.length} payouts.`,
    ['| honest referrals | count |', '|---|---:|', ...honest.map(line)].join('\n'),
    ['| self-invitations by skill | count |', '|---|---:|', ...abuse.map(line)].join('\n'),
  ].join('\n\n')
}

function ringsSentence(world: World): string {
  const sizes = new Map<string, number>()
  for (const row of world.labels) {
    if (row.cluster !== '') sizes.set(row.cluster, (sizes.get(row.cluster) ?? 0) + 1)
  }
  const sorted = [...sizes.values()].sort((one, other) => one - other)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  return `Operators: ${sorted.length}, with ${median} accounts in the median and ${sorted.at(-1) ?? 0} at most.`
}

function settingsSentence(settings: WorldSettings): string {
  return `Usual top-up ${settings.usualAmount} ${settings.currency}, least qualifying recharge ${settings.qualifyingAmount} ${settings.currency}, rebate ${100 * settings.rebateRate} % held for ${settings.holdDays} days.`
}

function parametersTable(settings: WorldSettings): string {
  const rows = (Object.keys(parameterDefinitions) as ParameterName[]).map((name) => {
    const { low, high, scale, source } = parameterDefinitions[name]
    const range = scale === 'flag' ? `yes in ${Math.round(high * 100)} %` : `${Math.max(0, low)} to ${high}${scale === 'log' ? ', logarithmic' : ''}`
    const value = scale === 'flag' ? (settings.parameters[name] === 1 ? 'yes' : 'no') : String(settings.parameters[name])
    return `| ${name} | ${value} | ${range} | ${source} |`
  })
  return ['| parameter | here | in varied worlds | source |', '|---|---|---|---|', ...rows].join('\n')
}

function countBy(words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
}
