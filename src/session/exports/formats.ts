/** `perfetto` for ui.perfetto.dev, the others for tables of any kind. */
export const EXPORT_FORMATS = ["perfetto", "csv", "arrow"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The usual ends of their files' names. */
export const EXPORT_EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  perfetto: ".perfetto-trace",
  csv: ".csv",
  arrow: ".arrow",
};

/**
 * `costs`: counts and cycles of each primitive by phase, checkpoint, line and region, from which all figures can be added
 * up; `events`: each thing that cost something, in time; `checkpoints` and `lines`: as reports show them.
 */
export const EXPORT_TABLES = ["costs", "events", "checkpoints", "lines"] as const;
export type ExportTableName = (typeof EXPORT_TABLES)[number];
