// What each skill of operator shares between its accounts, as chances.
// Every figure is an assumption; the sharing parameters of a world scale them.

/** Chance that an alt takes a thing from the main account, or from the kit that only the alts share; else it is fresh. */
export interface Sharing {
  readonly main: number
  readonly kit: number
}

export interface Profile {
  readonly device: Sharing
  readonly instrument: Sharing
  readonly payout: Sharing
  readonly server: Sharing
  /** Chance that an alt uses the operator's home line at all; and its work, cafe and carrier. */
  readonly home: number
  readonly carrier: number
  /** Chance that it hides behind a VPN exit, or a rented residential proxy. */
  readonly vpn: number
  readonly proxy: number
  readonly cookieReset: number
  readonly installReset: number
  readonly fingerprintSpoof: number
  /** Chance that an alt's e-mail follows the pattern of the others. */
  readonly pattern: number
  /** Share of sessions made in one sitting with the account before. */
  readonly follows: number
  readonly slips: boolean
  /** Has everything fresh and can pay for it. */
  readonly sharesNothing: boolean
  /** Chance that an alt lives a life of its own beside the shared one. */
  readonly ownLife: number
}

const lazy: Profile = {
  device: { main: 0.97, kit: 0.03 }, instrument: { main: 0.78, kit: 0.1 }, payout: { main: 0.85, kit: 0.08 },
  server: { main: 0.7, kit: 0.15 }, home: 0.92, carrier: 0.75, vpn: 0.06, proxy: 0.01, cookieReset: 0.2,
  installReset: 0.08, fingerprintSpoof: 0, pattern: 0.4, follows: 0.55, slips: false, sharesNothing: false, ownLife: 0.05,
}
const medium: Profile = {
  device: { main: 0.92, kit: 0.07 }, instrument: { main: 0.6, kit: 0.2 }, payout: { main: 0.65, kit: 0.2 },
  server: { main: 0.5, kit: 0.25 }, home: 0.15, carrier: 0.45, vpn: 0.45, proxy: 0.15, cookieReset: 0.4,
  installReset: 0.12, fingerprintSpoof: 0.05, pattern: 0.28, follows: 0.4, slips: true, sharesNothing: false, ownLife: 0.1,
}
const careful: Profile = {
  device: { main: 0.1, kit: 0.52 }, instrument: { main: 0.8, kit: 0.17 }, payout: { main: 0.55, kit: 0.3 },
  server: { main: 0.35, kit: 0.35 }, home: 0.08, carrier: 0.3, vpn: 0.4, proxy: 0.35, cookieReset: 0.7,
  installReset: 0.4, fingerprintSpoof: 0.2, pattern: 0.15, follows: 0.25, slips: true, sharesNothing: false, ownLife: 0.12,
}
const expert: Profile = {
  device: { main: 0, kit: 0 }, instrument: { main: 0, kit: 0 }, payout: { main: 0, kit: 0 },
  server: { main: 0, kit: 0 }, home: 0, carrier: 0.05, vpn: 0.1, proxy: 0.5, cookieReset: 1,
  installReset: 1, fingerprintSpoof: 0.5, pattern: 0, follows: 0, slips: false, sharesNothing: true, ownLife: 1,
}
const farm: Profile = {
  device: { main: 0, kit: 0.96 }, instrument: { main: 0, kit: 0.75 }, payout: { main: 0, kit: 0.6 },
  server: { main: 0, kit: 0.5 }, home: 0.3, carrier: 0.3, vpn: 0.3, proxy: 0.3, cookieReset: 0.5,
  installReset: 0.2, fingerprintSpoof: 0.1, pattern: 0.3, follows: 0.2, slips: false, sharesNothing: false, ownLife: 0.05,
}

export const skillNames = [
  'lazy', 'medium', 'careful', 'expert', 'sleeper', 'camouflage', 'farm', 'laundering', 'hubPusher', 'creditBot',
] as const
export type Skill = (typeof skillNames)[number]

/** The word that the label files use for a skill. */
export const skillLabels: { readonly [skill in Skill]: string } = {
  lazy: 'lazy', medium: 'medium', careful: 'careful', expert: 'expert', sleeper: 'sleeper',
  camouflage: 'camouflage', farm: 'farm', laundering: 'laundering', hubPusher: 'hub_pusher', creditBot: 'credit_bot',
}

/** The profiles among which an operator of a skill is drawn: sleepers and camouflaged ones differ in skill as well. */
export const profilesOf: { readonly [skill in Skill]: readonly Profile[] } = {
  lazy: [lazy],
  medium: [medium],
  careful: [careful],
  expert: [expert],
  sleeper: [lazy, medium, medium, careful],
  camouflage: [medium, careful].map((profile) => ({ ...profile, ownLife: 1 })),
  farm: [farm],
  laundering: [medium, careful],
  hubPusher: [{ ...lazy, device: { main: 0.95, kit: 0.05 }, home: 0.3, vpn: 0.4 }],
  creditBot: [{ ...farm, device: { main: 0.75, kit: 0.24 }, cookieReset: 0.25, pattern: 0.6 }],
}

export const poisonerProfile: Profile = { ...careful, device: { main: 0.1, kit: 0.6 } }
