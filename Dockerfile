# postern in a container: one static binary, no shell, nobody's user.
#   docker build --build-arg VERSION=$(git describe --always) -t postern .
#   docker run --network host -v /etc/postern:/etc/postern:ro postern serve --config /etc/postern/postern.toml

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ARG COMMIT=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$VERSION -X main.commit=$COMMIT" -o /out/postern ./cmd/postern
# Attachments that need random access are spooled to /tmp and unlinked at once.
RUN mkdir -m 1777 /out/tmp

FROM scratch
COPY --from=build /out/postern /postern
COPY --from=build /out/tmp /tmp
USER 65532:65532
EXPOSE 8892 9892
# Asks 127.0.0.1:9892. Where [http] listen is another, give a --health-cmd of your own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/postern", "ready"]
ENTRYPOINT ["/postern"]
CMD ["serve"]
