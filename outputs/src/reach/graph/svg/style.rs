//! How the picture looks. Colours come in two sets; classes differ in text too, never in colour alone.

/// The style sheet.
pub(super) const SHEET: &str = "
text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;font-size:12px;fill:#1e293b}
.page{fill:#ffffff}
.heading{font-size:17px;font-weight:600}
.faint{fill:#64748b}
.small{font-size:11px}
.title{font-size:13px;font-weight:600}
.lane{fill:#f8fafc;stroke:#cbd5e1}
.lane-title{font-size:13px;font-weight:600;fill:#475569}
.box{fill:#ffffff;stroke:#94a3b8}
.outside .box{fill:#eef2ff;stroke:#a5b4fc}
.any .box{stroke-dasharray:4 3;fill:#f1f5f9}
.line path{fill:none;stroke:#334155;stroke-width:1.4}
.line .tip{fill:#334155;stroke:none}
.wide path{stroke:#a8b3c4;stroke-width:4}
.wide .tip{fill:#8492a6}
.perhaps path{stroke-dasharray:5 4}
text.wide{font-weight:600}
.line:hover path{stroke:#2563eb}
.line:hover .tip{fill:#2563eb;stroke:none}
.chip{fill:#475569}
.letter{font-size:10px;font-weight:600;fill:#ffffff;text-anchor:middle}
.within{fill:none;stroke:#64748b;stroke-width:1.3}
.cde{fill:#dc2626}.connected-to{fill:#f59e0b}.security-impacting{fill:#a855f7}.unknown{fill:#94a3b8}.out-of-scope{fill:#16a34a}
@media (prefers-color-scheme:dark){
text{fill:#e2e8f0}.page{fill:#0f172a}.faint{fill:#94a3b8}.lane{fill:#162033;stroke:#334155}.lane-title{fill:#a9b6c9}
.box{fill:#1e293b;stroke:#64748b}.outside .box{fill:#24264d;stroke:#6366f1}.any .box{fill:#1a2436}
.line path{stroke:#cbd5e1}.line .tip{fill:#cbd5e1}.wide path{stroke:#55637a}.wide .tip{fill:#7c8ba3}
.chip{fill:#94a3b8}.letter{fill:#0f172a}.within{stroke:#94a3b8}
}
";
