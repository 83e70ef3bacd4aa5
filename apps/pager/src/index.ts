export { ConfigError, parseConfig, type PagerConfig } from "./config.ts"
export { pagerPaths, type PagerPaths } from "./pager-paths.ts"
export { startPager, type Pager, type PagerOptions } from "./start-pager.ts"
