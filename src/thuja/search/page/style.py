"""How the page of results looks, beyond what every report does."""

from typing import Final

STYLE: Final = """
.asked{display:flex;flex-wrap:wrap;gap:.75rem 1.25rem;align-items:flex-start;margin:0 0 1rem}
.asked figure{margin:0;max-width:9rem}.asked img{display:block;width:9rem;height:9rem;object-fit:cover;
border-radius:.45rem;border:1px solid var(--line)}
.asked figcaption{font-size:.8rem;margin-top:.25rem;overflow-wrap:anywhere}
.asked dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.2rem 1rem;margin:0;font-size:.92rem}
.asked dt{color:var(--soft)}.asked dd{margin:0;overflow-wrap:anywhere}
.hits{list-style:none;margin:0;padding:0;display:grid;gap:1.1rem;
grid-template-columns:repeat(auto-fill,minmax(min(13.5rem,calc(50% - .6rem)),1fr))}
.hit{display:flex;flex-direction:column;border:1px solid var(--line);border-radius:.6rem;overflow:hidden;min-width:0;
content-visibility:auto;contain-intrinsic-size:auto 24rem}
.hit>img,.hit>.blank{display:block;width:100%;aspect-ratio:1;object-fit:cover;background:var(--panel)}
.blank{display:grid!important;place-items:center;color:var(--soft);font-size:.85rem}
.hit>div{padding:.7rem .85rem .8rem;display:flex;flex-direction:column;gap:.3rem;flex:1}
.hit h3{margin:0;font-size:1.02rem;line-height:1.3;font-weight:600;overflow-wrap:anywhere}
.hit .common{margin:0;font-size:.9rem}
.hit .score{margin:0;display:flex;justify-content:space-between;gap:.5rem;color:var(--soft);font-size:.8rem;
font-variant-numeric:tabular-nums}
.hit .credit{margin:auto 0 0;padding-top:.35rem;font-size:.78rem;line-height:1.4;color:var(--soft);
overflow-wrap:anywhere}
.hit details{font-size:.82rem}.hit summary{cursor:pointer;color:var(--accent);padding:.15rem 0;width:max-content}
.hit dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.1rem .7rem;margin:.3rem 0 0}
.hit dt{color:var(--soft)}.hit dd{margin:0;overflow-wrap:anywhere}
@media(max-width:32rem){.hits{gap:.8rem}.hit>div{padding:.5rem .6rem .6rem}.hit dl{grid-template-columns:minmax(0,1fr)}}
.tables{display:flex;flex-wrap:wrap;gap:0 3rem;align-items:flex-start}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media print{.hit details{display:none}}
"""
