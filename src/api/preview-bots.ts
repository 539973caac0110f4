// Programs that fetch a link to show a preview of it: nobody followed it.

const PREVIEWS = /bot\b|crawler|spider|facebookexternalhit|whatsapp|skypeuripreview|slack-imgproxy|embedly|bingpreview|vkshare|iframely|micromessenger.*preview|headlesschrome/i

export function isPreviewBot(userAgent: string): boolean {
  return userAgent === '' ? false : PREVIEWS.test(userAgent.slice(0, 500))
}
