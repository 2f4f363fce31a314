# shellcheck shell=bash
# Debian packages without installing them: sourced by the scripts that keep kernels and sysroots in the cache.
#
# In:  the machine's own apt configuration (mirror, proxy, keyring); a suite and an architecture.
# Out: .deb files of that suite, their signatures checked by apt as for any install; nothing of the machine's
#      apt or dpkg state is touched, so no root is needed.
#
#   nk_cache                        prints the cache directory of nk
#   apt_open SUITE ARCH             must come first; reads the suite's package lists, others wait for apt_close
#   apt_names REGEX                 names of the suite's packages that match, one a line
#   apt_closure PACKAGE             the names of PACKAGE and of all that it depends on, one a line
#   apt_fetch DIR PACKAGE...        downloads the packages into DIR
#   apt_unpack DIR PACKAGE...       downloads them and unpacks their files below DIR
#   apt_close                       lets other processes open the suite
#
# Functions return non-zero after one clear sentence on standard error.

nk_cache() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/nk"; }

# The archive that this machine installs from. Label tells the main archive from its security one; it is
# known only once lists were downloaded, hence the second try.
apt_mirror() {
	local format='$(LABEL) $(REPO_URI)' targets uri
	if [[ -n ${NK_MIRROR:-} ]]; then
		printf '%s\n' "$NK_MIRROR"
		return
	fi
	targets=$(apt-get indextargets --format "$format" 'Created-By: Packages')
	uri=$(awk '$1 == "Debian" && !uri { uri = $2 } END { print uri }' <<<"$targets")
	[[ -n $uri ]] || uri=$(awk '$NF !~ /security/ && !uri { uri = $NF } END { print uri }' <<<"$targets")
	if [[ -z $uri ]]; then
		echo "private-apt: this machine's apt configuration names no Debian archive; set NK_MIRROR" >&2
		return 1
	fi
	printf '%s\n' "$uri"
}

# Runs an apt tool on the private state that apt_open chose.
apt_private() {
	local tool=$1
	shift
	local options=(
		-o Dir::Etc::sourcelist="$apt_state/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::Etc::preferencesparts=/dev/null
		-o Dir::State="$apt_state" -o Dir::State::lists="$apt_state/lists" -o Dir::State::status="$apt_state/status"
		-o Dir::Cache="$apt_state/cache"
		-o APT::Architecture="$apt_arch" -o APT::Architectures="$apt_arch"
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any
	)
	# The user _apt cannot reach a private directory below root's home.
	[[ $(id -u) -ne 0 ]] || options+=(-o APT::Sandbox::User=root)
	"$tool" "${options[@]}" "$@"
}

apt_write_sources() {
	local keyring=$1
	printf 'deb [arch=%s signed-by=%s] %s %s main\n' \
		"$apt_arch" "$keyring" "$apt_uri" "$apt_suite" >"$apt_state/sources.list"
}

# A keyring that knows the suite's key. A machine older than the suite may have been released before that key
# was made: then a newer keyring package comes out of a suite that the keyring at hand does verify, step by
# step, so that every link of the chain is signed. Prints nothing and fails where no step leads there.
apt_update_by_chain() {
	local wanted=$apt_suite keyring=$1 step
	for step in bullseye bookworm trixie; do
		[[ $step != "$wanted" ]] || continue
		apt_suite=$step
		apt_write_sources "$keyring"
		apt_private apt-get -qq update >/dev/null 2>&1 || continue
		(
			cd "$apt_state"
			rm -f debian-archive-keyring_*.deb
			apt_private apt-get -qq download debian-archive-keyring >/dev/null 2>&1
			dpkg-deb -x debian-archive-keyring_*.deb "$apt_state/keyring-$step"
		) || continue
		keyring=$apt_state/keyring-$step/usr/share/keyrings/debian-archive-keyring.gpg
		apt_suite=$wanted
		apt_write_sources "$keyring"
		if apt_private apt-get -qq update >"$apt_state/update.log" 2>&1; then
			echo "private-apt: $wanted is verified by the archive keyring of $step" >&2
			return 0
		fi
	done
	apt_suite=$wanted
	return 1
}

apt_open() {
	apt_suite=$1 apt_arch=$2
	apt_state=$(nk_cache)/apt/$apt_suite-$apt_arch
	apt_uri=$(apt_mirror) || return 1
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	mkdir -p "$apt_state/lists/partial" "$apt_state/cache/archives/partial"
	exec {apt_lock}>"$apt_state/lock"
	flock "$apt_lock"
	: >"$apt_state/status"
	apt_write_sources "$keyring"
	echo "private-apt: reading the package lists of $apt_suite ($apt_arch)" >&2
	apt_private apt-get -qq update >"$apt_state/update.log" 2>&1 && return 0
	if grep -q NO_PUBKEY "$apt_state/update.log" && apt_update_by_chain "$keyring"; then
		return 0
	fi
	echo "private-apt: the package lists of $apt_suite ($apt_arch) cannot be had:" \
		"$(grep -m1 '^E:' "$apt_state/update.log" || echo 'apt-get update failed')" >&2
	return 1
}

apt_close() { exec {apt_lock}>&-; }

apt_names() { apt_private apt-cache pkgnames | grep -E -- "$1" | sort -V; }

apt_closure() {
	apt_private apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "$1" | grep -E '^[a-z0-9]' | sort -u
}

apt_fetch() {
	local dir=$1
	shift
	echo "private-apt: downloading $*" >&2
	if ! (cd "$dir" && apt_private apt-get -qq download "$@" >"$apt_state/download.log" 2>&1); then
		echo "private-apt: $* cannot be downloaded from $apt_suite ($apt_arch):" \
			"$(grep -m1 '^E:' "$apt_state/download.log" || echo 'apt-get download failed')" >&2
		return 1
	fi
}

apt_unpack() {
	local dir=$1 debs deb
	shift
	debs=$(mktemp -d "$apt_state/debs.XXXXXX")
	apt_fetch "$debs" "$@" || { rm -rf "$debs"; return 1; }
	mkdir -p "$dir"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$dir" || { rm -rf "$debs"; return 1; }
	done
	rm -rf "$debs"
}
