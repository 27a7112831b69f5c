#include "report/sections.h"

namespace graft {

std::string_view style_sheet() {
  return R"css(
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#17202a;--muted:#55606d;--rule:#e1e6ec;
--s1:#0b66b8;--s2:#bf4a12;--s3:#7a4bb0;--sure:#12703a;--sure-back:#e2f4e8;--unsure:#7d5200;--unsure-back:#fdf0d5;
--t1:#0b66b8;--t2:#2a9d8f;--t3:#d9902f;--t4:#bf4a12;--t5:#7a4bb0;--t6:#5b8c2a;--t7:#b8466d;--t8:#6b7785}
@media (prefers-color-scheme:dark){:root{--page:#0e1217;--card:#161c24;--ink:#e8ecf1;--muted:#9fabb9;--rule:#2a333f;
--s1:#62b0ff;--s2:#ff9a5c;--s3:#c39bf0;--sure:#7fdca0;--sure-back:#143423;--unsure:#f2c46d;--unsure-back:#3a2d10;
--t1:#62b0ff;--t2:#4cc4b4;--t3:#f0b35a;--t4:#ff9a5c;--t5:#c39bf0;--t6:#9ccb63;--t7:#ee86aa;--t8:#9fabb9}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1000px;margin:0 auto;padding:40px 20px 24px}
header{padding:0 4px 12px}
.eyebrow{margin:0 0 10px;color:var(--muted);font-size:14px;letter-spacing:.02em}
h1{margin:0 0 18px;font-size:clamp(24px,4.2vw,36px);line-height:1.22;letter-spacing:-.015em;font-weight:680;
max-width:26em;text-wrap:balance}
h2{margin:0 0 4px;font-size:20px;letter-spacing:-.01em}
h3{margin:22px 0 8px;font-size:15px}
.chip{display:inline-block;margin:0 0 20px;padding:4px 12px;border-radius:99px;font-size:14px;font-weight:600}
.chip.sure{color:var(--sure);background:var(--sure-back)}
.chip.unsure{color:var(--unsure);background:var(--unsure-back)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px}
.tile b{display:block;font-size:27px;line-height:1.2;letter-spacing:-.02em}
.tile span{color:var(--muted);font-size:13.5px;line-height:1.35;display:block;margin-top:2px}
section{background:var(--card);border:1px solid var(--rule);border-radius:14px;padding:22px 24px 24px;margin:16px 0}
.lead{margin:0 0 18px;color:var(--muted);font-size:14.5px;max-width:62em}
b.s1{color:var(--s1)}b.s2{color:var(--s2)}b.s3{color:var(--s3)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:24px 28px}
figure{margin:0;min-width:0}
figcaption{color:var(--muted);font-size:14px;margin-top:4px}
.scroll{overflow-x:auto}
svg{display:block;overflow:visible}
svg text{fill:var(--muted);font-size:12px;font-family:inherit}
.plot{width:100%;height:auto;max-width:520px}
.grid{stroke:var(--rule);stroke-width:1;fill:none}
.axis{stroke:var(--muted);stroke-width:1;fill:none;opacity:.6}
.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}
.line{fill:none;stroke:var(--c,var(--muted));stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line.thin{stroke-width:1.6;stroke-opacity:.75}
.line.dashed{stroke-dasharray:3 4;stroke-opacity:.5}
.line.ideal{stroke-dasharray:2 4;stroke-width:1.5;opacity:.7}
.line.gap{stroke-width:1.5;stroke-opacity:.55}
.mark{fill:var(--c);stroke:var(--card);stroke-width:2}
.mark.soft{fill-opacity:.55;stroke:var(--c);stroke-width:1.5}
.single{fill:var(--c);fill-opacity:.45}
.band{fill:var(--c);fill-opacity:.2}
.reference{stroke:var(--muted);stroke-width:1.5;stroke-dasharray:4 4}
.intervals{margin-bottom:18px}
.intervals .name{font-size:15px;font-weight:600;fill:var(--ink)}
.intervals .value{font-size:14px;fill:var(--ink)}
.heatmap{margin:0 auto 18px}
.heatmap rect{fill:var(--c);rx:3px}
.heatmap .on{fill:var(--card);font-weight:600}
.heatmap .count{fill:var(--ink)}
table{border-collapse:collapse;width:100%;font-size:14.5px}
th{color:var(--muted);font-weight:500;font-size:13px;text-align:left}
th,td{padding:7px 14px 7px 0;border-bottom:1px solid var(--rule);vertical-align:top}
tr:last-child td{border-bottom:0}
td:first-child{overflow-wrap:break-word;max-width:20em}
.number{text-align:right;padding-right:0;padding-left:14px;white-space:nowrap}
.bar{display:inline-flex;align-items:center;gap:10px;justify-content:flex-end}
.bar>i{display:block;width:clamp(48px,13vw,150px);height:8px;border-radius:4px;background:var(--rule);overflow:hidden}
.bar>i>i{display:block;height:100%;background:var(--c);border-radius:4px}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(136px,1fr));gap:18px 16px}
.mistake img,.missing{display:flex;align-items:center;justify-content:center;width:100%;aspect-ratio:1;
object-fit:cover;border-radius:10px;
background:var(--rule);color:var(--muted);font-size:13px}
.mistake figcaption{line-height:1.4;color:var(--ink);overflow-wrap:anywhere}
small{color:var(--muted);font-size:12px}
.mistake small{display:block}
.file,code{font:12.5px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
.file{color:var(--muted)}
.strip{display:flex;height:26px;border-radius:8px;overflow:hidden;gap:2px}
.strip i{min-width:2px}
.legend{list-style:none;margin:16px 0 0;padding:0;display:grid;
grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:6px 20px;font-size:14.5px}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:9px}
.t1{background:var(--t1)}.t2{background:var(--t2)}.t3{background:var(--t3)}.t4{background:var(--t4)}
.t5{background:var(--t5)}.t6{background:var(--t6)}.t7{background:var(--t7)}.t8{background:var(--t8)}
summary{cursor:pointer;color:var(--muted);font-size:14.5px;padding:4px 0}
summary h2{display:inline;color:var(--ink)}
footer{color:var(--muted);font-size:13px;padding:4px}
@media (max-width:560px){main{padding:24px 12px}section{padding:18px 16px;border-radius:12px}
.tiles{grid-template-columns:1fr 1fr}
.tile{padding:12px}table{font-size:14px}th,td{padding-right:10px}.number{padding:7px 0 7px 10px}
.bar{flex-direction:column;align-items:flex-end;gap:4px}.bar>i{width:64px;height:6px}
.tile b{font-size:23px}.gallery{grid-template-columns:repeat(auto-fill,minmax(118px,1fr))}}
@media print{:root{color-scheme:light}body{background:#fff;font-size:11pt;print-color-adjust:exact;
-webkit-print-color-adjust:exact}main{max-width:none;padding:0}
section{border:0;padding:8px 0;break-inside:auto}figure,tr,.tile,.intervals{break-inside:avoid}h2{break-after:avoid}}
)css";
}

}  // namespace graft
