"""How the page of predictions looks, beyond what every report does, and the few lines that filter and sort it."""

from typing import Final

STYLE: Final = """
:root{--gain:#b06a00;--loss:#0072b2;--bar:#2f6b4f}
@media(prefers-color-scheme:dark){:root{--gain:#f0b13c;--loss:#5cb8ee;--bar:#7cc4a0}}
.tables{display:flex;flex-wrap:wrap;gap:0 3rem;align-items:flex-start}
.controls{display:flex;flex-wrap:wrap;gap:.6rem 1.2rem;align-items:center;padding:.7rem 1rem;margin:0 0 1.2rem;
background:var(--panel);border-radius:.5rem;font-size:.9rem}
.controls[hidden]{display:none}
.controls label{display:flex;align-items:center;gap:.45rem}
.controls input,.controls select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);
border-radius:.35rem;padding:.3rem .5rem;min-height:2.2rem}
.controls input[type=range]{padding:0;width:8rem;accent-color:var(--accent)}
.controls output{min-width:3.2em;font-variant-numeric:tabular-nums}
.controls .count{margin:0 0 0 auto;color:var(--soft)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.cards{list-style:none;margin:0;padding:0;display:grid;gap:1rem}
.card{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr);gap:1.1rem;padding:1rem;
border:1px solid var(--line);border-radius:.6rem;content-visibility:auto;contain-intrinsic-size:auto 20rem}
.card:has(figure+figure){grid-template-columns:minmax(0,26rem) minmax(0,1fr)}
.card[hidden]{display:none}
.sight{display:flex;gap:.6rem;align-items:flex-start}
.sight figure{margin:0;flex:1 1 0;min-width:0;max-width:15rem}
.shot{position:relative;display:block}
.shot img{display:block;width:100%;height:auto;border-radius:.35rem}
.box{position:absolute;border:2px solid #fff;outline:2px solid #000;border-radius:2px}
.sight figcaption{font-size:.78rem;line-height:1.4;overflow-wrap:anywhere}
.gain,.loss{color:var(--ink);display:block}
.gain::before,.loss::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:2px;
margin-right:.35em;background:#e69f00}
.loss::before{background:#0072b2}
.blank{width:100%;min-height:6rem;display:grid;place-items:center;color:var(--soft);font-size:.85rem;
border:1px dashed var(--line);border-radius:.35rem}
.said h3{margin:0;font-size:1.15rem;line-height:1.3;overflow-wrap:anywhere}
.said h3 small{font-weight:400;font-size:.9rem;color:var(--soft)}
.said h4{margin:.8rem 0 .2rem;font-size:.85rem}
.file{margin:.1rem 0 .6rem;font-size:.8rem;color:var(--soft);max-width:none}
.flag{margin:0 0 .6rem;padding:.3rem .6rem;border-left:3px solid var(--wrong);background:var(--panel);font-size:.85rem}
.why{margin:0;font-size:.9rem}
.failed{border-left:4px solid var(--wrong)}
.path{list-style:none;margin:0;padding:0;font-size:.88rem}
.path li{display:grid;grid-template-columns:minmax(0,1fr) 7rem 3.2rem;gap:.7rem;align-items:center;padding:.14rem 0}
.path .name{overflow-wrap:anywhere}
.rank{display:inline-block;min-width:4.6rem;color:var(--soft);font-size:.78rem}
.bar{height:.55rem;border-radius:1rem;background:var(--line);overflow:hidden}
.bar span{display:block;height:100%;background:var(--bar)}
.pct{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.settled .name i,.settled .name{font-weight:650}
.settled .rank{font-weight:400}
.beyond .name,.beyond .pct{color:var(--soft)}.beyond .bar span{background:var(--soft)}
.badge{font-size:.7rem;font-weight:600;padding:.05rem .45rem;border-radius:1rem;background:var(--accent);
color:var(--paper);vertical-align:.08em}
.unplaced,.more{color:var(--soft);font-size:.78rem}
.said>.more{margin:.5rem 0 .2rem}
.set{margin:.6rem 0 0;font-size:.88rem;max-width:none}
.targets{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;margin:.6rem 0 0;font-size:.88rem}
.targets dt{color:var(--soft)}.targets dd{margin:0}
details{margin-top:.6rem;font-size:.9rem}
summary{cursor:pointer;color:var(--accent);padding:.2rem 0;width:max-content}
@media(max-width:48rem){.card,.card:has(figure+figure){grid-template-columns:minmax(0,1fr)}
.sight figure{max-width:none}.sight figure:only-child{max-width:20rem}
.controls .count{margin-left:0;flex-basis:100%}}
@media(max-width:30rem){.path li{grid-template-columns:minmax(0,1fr) 4.2rem 3rem;gap:.5rem}.rank{min-width:3.9rem}
.numbers{grid-template-columns:1fr 1fr}.controls label{flex-basis:100%}.controls input[type=search]{flex:1;min-width:0}}
@media print{.controls{display:none}}
"""

SCRIPT: Final = """
(() => {
const form = document.querySelector(".controls"), list = document.querySelector(".cards");
const cards = [...list.children], field = form.elements, count = form.querySelector(".count");
const score = card => Number(card.dataset.score);
const show = () => {
  const text = field.text.value.trim().toLowerCase(), kind = field.kind.value, least = field.least.value / 100;
  let shown = 0;
  for (const card of cards) {
    card.hidden = !(card.dataset.text.includes(text) && (least === 0 || score(card) >= least)
      && (!kind || card.dataset.kind.split(" ").includes(kind)));
    shown += !card.hidden;
  }
  field.least_told.value = field.least.value + " %";
  count.textContent = shown.toLocaleString("en") + " of " + cards.length.toLocaleString("en");
};
const order = () => {
  const turn = {down: -1, up: 1}[field.order.value];
  list.append(...(turn ? [...cards].sort((a, b) => turn * (score(a) - score(b))) : cards));
};
form.addEventListener("input", show);
field.order.addEventListener("change", order);
form.addEventListener("submit", event => event.preventDefault());
form.hidden = false;
show();
})();
"""
