// Programs that fetch a link to show a preview of it, or for themselves: nobody followed it.

const PREVIEWS = new RegExp([
  'bot\\b', 'bot[/-]', 'crawler', 'spider', 'preview', 'facebookexternalhit', 'facebookcatalog', 'whatsapp/', 'viber', 'slack-imgproxy', 'embedly', 'iframely', 'vkshare',
  'kakaotalk-scrap', 'line-poker', 'larkurl', 'google-pagerenderer', 'google \\(\\+https', 'w3c_validator', 'headlesschrome', 'lighthouse', 'ia_archiver', 'cardyb', 'mastodon/', 'pleroma',
  '^curl/', '^wget/', '^python-', '^go-http-client', '^java/', '^libwww', '^scrapy',
].join('|'), 'i')

/** A browser always names itself; what names nothing is not known to be one of these. */
export function isPreviewBot(userAgent: string): boolean {
  return PREVIEWS.test(userAgent.slice(0, 500))
}
