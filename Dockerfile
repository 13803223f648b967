# syntax=docker/dockerfile:1
# One file, three images: build with --target api, worker or migrate.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
ENV CI=1
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.base.json ./
COPY patches patches
COPY tests/package.json tests/
COPY packages packages
COPY apps apps
# --filter-prod leaves out what only tests need, such as the embedded PostgreSQL.
RUN --mount=type=cache,id=pnpm,target=/root/.local/share/pnpm/store \
    npx -y pnpm@12 install --frozen-lockfile --filter waybill \
      --filter-prod '@waybill/api...' --filter-prod '@waybill/worker...'
# Not through pnpm: a script of the workspace would first install what the filters left out.
RUN node_modules/.bin/tsc -b apps/api apps/worker
# Copies an app with its production dependencies; of our own packages what their "files" name: dist and migrations.
RUN --mount=type=cache,id=pnpm,target=/root/.local/share/pnpm/store \
    npx -y pnpm@12 --filter @waybill/api --prod deploy /out/api \
    && npx -y pnpm@12 --filter @waybill/worker --prod deploy /out/worker

FROM ${NODE_IMAGE} AS runtime
# In a container the loopback address reaches nobody; who may reach these ports is the network's business.
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
# Everything below belongs to root: the process can read its own code and not change it.
USER node

FROM runtime AS api
COPY --from=build /out/api ./
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]

FROM runtime AS worker
COPY --from=build /out/worker ./
EXPOSE 9465
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.METRICS_PORT || 9465) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]

FROM runtime AS migrate
COPY --from=build /out/worker ./
HEALTHCHECK NONE
CMD ["node", "dist/commands/migrate.js"]
