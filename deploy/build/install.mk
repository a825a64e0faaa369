# make deps, make boringssl, make install.

.PHONY: deps install boringssl
deps:
	@deploy/build/deps

boringssl:
	deploy/build/boringssl build/boringssl
