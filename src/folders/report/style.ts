// The style of the pages that are mailed around: light and dark by the reader's choice, and for paper. No font, picture or
// script is fetched from anywhere.
export const pageStyle = `
:root{color-scheme:light dark;--paper:#f7f5f0;--card:#fffefb;--ink:#1f2528;--soft:#5b666d;--rule:#e2ddd2;--faint:#f0ece3;
--accent:#0e5a5a;--for:#b4451f;--against:#2f6c94;--error:#a6231b;--warning:#8a5a00;--note:#47606e;--shade:rgba(31,37,40,.06);
--device:#6b4fa3;--payment:#a5690a;--ip:#4c7184;--other:#5f6f4e}
@media (prefers-color-scheme:dark){:root{--paper:#14181b;--card:#1b2125;--ink:#e9e6df;--soft:#9ca8af;--rule:#2f383d;
--faint:#232a2f;--accent:#6fc1bb;--for:#ee8a63;--against:#7db9de;--error:#ff8b80;--warning:#e3b341;--note:#9db4c0;
--shade:rgba(0,0,0,.3);--device:#b49ae6;--payment:#e2ae56;--ip:#8fb4c7;--other:#a9bd93}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15.5px/1.55 "Inter","Segoe UI",system-ui,-apple-system,"Helvetica Neue",Arial,
"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:0 28px 64px}
h1,h2,h3{font-family:"Iowan Old Style","Charter","Palatino Linotype",Georgia,"Noto Serif CJK SC","Songti SC",serif;font-weight:600;line-height:1.2;
letter-spacing:-.01em;margin:0}
h3::first-letter{text-transform:uppercase}h1{font-size:34px}h2{font-size:25px;margin:56px 0 6px}h3{font-size:20px}h4{margin:22px 0 6px;font-size:12px;letter-spacing:.07em;
text-transform:uppercase;color:var(--soft);font-weight:600}
p{margin:6px 0 0;max-width:70ch}a{color:var(--accent)}
.soft{color:var(--soft)}.small{font-size:13px}.definitions{position:absolute}
header.top{padding:40px 0 26px;border-bottom:2px solid var(--ink)}
.brand{display:flex;align-items:center;gap:9px;font-weight:650;letter-spacing:.01em;color:var(--accent);margin-bottom:18px}
.brand svg{width:24px;height:24px}
.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:0 26px;margin:22px 0 0}
.figure{padding:12px 0 14px;border-top:1px solid var(--rule)}
.figure b{display:block;font:600 30px/1.15 "Iowan Old Style","Charter","Palatino Linotype",Georgia,serif;letter-spacing:-.015em;white-space:nowrap}
.figure.loud b{color:var(--for)}.figure span{color:var(--soft);font-size:13px}
.figure b small{font-size:15px;font-weight:500;letter-spacing:0;color:var(--soft)}
.lead{font-size:17px;margin-top:20px}
ul.findings{list-style:none;margin:14px 0 0;padding:0;background:var(--card);border:1px solid var(--rule);border-radius:10px}
ul.findings li{display:grid;grid-template-columns:84px 1fr;gap:4px 14px;padding:11px 18px;border-top:1px solid var(--rule)}
ul.findings li:first-child{border-top:0}ul.findings p{grid-column:2;margin:0;color:var(--soft);font-size:13.5px}
.chip{display:inline-block;font-size:11.5px;font-weight:650;letter-spacing:.03em;padding:1px 9px;border-radius:99px;border:1px solid currentColor;
align-self:start;justify-self:start;white-space:nowrap;line-height:1.55;margin-top:2px}
.chip.error,.chip.deny{color:var(--error)}.chip.warning,.chip.hold{color:var(--warning)}.chip.note,.chip.allow{color:var(--note)}
details{margin-top:12px}summary{cursor:pointer;color:var(--accent);font-size:14px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin-top:8px;font-size:14px}
th{font-weight:600;text-align:left;color:var(--soft);font-size:12.5px;border-bottom:1px solid var(--ink);padding:5px 12px 5px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--rule);padding:6px 12px 6px 0;vertical-align:top;overflow-wrap:break-word}td.words{min-width:190px}
td.n,th.n{text-align:right;white-space:nowrap}tr:last-child td{border-bottom:0}td.tight{white-space:nowrap}
code{font:12.5px/1.4 ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.meter{display:inline-block;width:64px;height:7px;border-radius:4px;background:var(--faint);vertical-align:middle;margin-right:8px;overflow:hidden}
.meter i{display:block;height:100%;background:var(--for)}
article.ring{background:var(--card);border:1px solid var(--rule);border-radius:14px;padding:22px 26px 24px;margin:22px 0 0;box-shadow:0 1px 3px var(--shade)}
article.ring>header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 18px}
article.ring>header .soft{font-size:14px}
.money{display:flex;flex-wrap:wrap;gap:4px 30px;margin:12px 0 2px;font-size:14px}.money div b{display:block;font-size:18px;font-weight:650}
.money .loud b{color:var(--for)}.money span{color:var(--soft);font-size:12.5px}
.pair{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:8px 34px;margin-top:6px}
@media (max-width:820px){.figures{grid-template-columns:repeat(2,1fr)}.pair{grid-template-columns:1fr}main{padding:0 16px 48px}article.ring{padding:16px}}
.graph{width:100%;height:auto;display:block}
.graph text{font-size:11.5px;text-anchor:middle;font-weight:600}
.graph .account circle{fill:var(--card);stroke:var(--soft);stroke-width:1.6}.graph .account text{fill:var(--ink)}
.graph .account.likely circle{stroke:var(--for)}.graph .account.sure circle{fill:var(--for);stroke:var(--for)}.graph .account.sure text{fill:var(--card)}
.graph .invitation{fill:none;stroke:var(--ink);stroke-width:1.5}.arrow-head{fill:var(--ink)}
.graph .tie{stroke:var(--soft);stroke-width:1.3;stroke-opacity:.55}.graph .spoke{stroke-width:1.6;stroke-opacity:.6}.graph .shared text{fill:var(--card);font-size:12px}
.spoke.device{stroke:var(--device)}.spoke.payment{stroke:var(--payment)}.spoke.ip{stroke:var(--ip);stroke-dasharray:3 3}.spoke.other{stroke:var(--other)}
.shared.device rect{fill:var(--device)}.shared.payment rect{fill:var(--payment)}.shared.ip rect{fill:var(--ip)}.shared.other rect{fill:var(--other)}
.key{display:inline-block;width:19px;height:19px;border-radius:4px;color:var(--card);font-weight:650;font-size:12px;text-align:center;line-height:19px}
.key.device{background:var(--device)}.key.payment{background:var(--payment)}.key.ip{background:var(--ip)}.key.other{background:var(--other)}
table.evidence td{padding:4px 10px 4px 0;border:0;font-size:13.5px;line-height:1.4}
table.evidence td.axis{width:104px;padding:6px 8px 0 0}.axis div{position:relative;height:9px;background:linear-gradient(var(--rule),var(--rule)) center/1px 100% no-repeat}
.axis i{position:absolute;top:0;height:100%;border-radius:2px}.axis i.for{left:50%;background:var(--for)}.axis i.against{right:50%;background:var(--against)}
.for{color:var(--for)}.against{color:var(--against)}
.plots{display:flex;flex-wrap:wrap;gap:18px;margin-top:12px}.plots figure{margin:0;background:#fff;border:1px solid var(--rule);border-radius:10px;padding:8px}
.plots svg{display:block;max-width:100%;height:auto}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:10px 0 0;font-size:14px}dt{font-weight:600}dd{margin:0;color:var(--soft);overflow-wrap:anywhere}
ol.how{padding-left:20px;margin:10px 0 0;max-width:76ch}ol.how li{margin:5px 0}
footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--rule);color:var(--soft);font-size:13px}
@media print{:root{--paper:#fff;--card:#fff;--shade:transparent}body{font-size:9.5pt}main{max-width:none;padding:0}
table{font-size:8.5pt}table.evidence td{font-size:8.5pt;padding:2px 8px 2px 0}td{padding-top:3px;padding-bottom:3px}.figures{grid-template-columns:repeat(4,1fr)}
.pair{grid-template-columns:1.1fr 1fr}article.ring{padding:14px 18px;margin-top:14px}h2{margin-top:30px}
article.ring{border-color:#bbb}article.ring>header,.money,.pair{break-inside:avoid;break-after:avoid}.small{font-size:8pt}h4{margin-top:12px}h2{break-after:avoid}tr{break-inside:avoid}a{color:inherit;text-decoration:none}}
`
