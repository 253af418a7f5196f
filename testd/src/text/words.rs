//! The words of dhcpd.conf, as dhcpd 4.4.3-P1 turned out to know them: each was
//! tried as the beginning of a statement, and as the name of an option.

/// Words with a meaning elsewhere in dhcpd.conf. No statement begins with one.
pub(super) const RESERVED: &str = "\
    abandoned active address after algorithm alias all also and anycast-mac array at atsfp \
    authenticated authentication authoring-byte-order authoritative auto-partner-down \
    backoff-cutoff backup balance big-endian billing binary-to-ascii binding boolean booting \
    bootp bound check ciaddr class client-hostname client-identifier client-state clients close \
    cltt code commit communications-interrupted concat config-option conflict-done connect \
    create debug default-duid defined delete deleted disconnect do-forward-update domain \
    domain-name dynamic else elsif en encapsulate encode-int ends epoch error ethernet exists \
    expire expired expiry extract-int failover fatal fddi fixed-address fixed-address6 \
    fixed-prefix6 formerr free function gethostbyname gethostname giaddr group hardware hash hba \
    help hex host host-decl-name host-identifier hostname ia-na ia-pd ia-ta iaaddr iaprefix \
    identifier include infiniband infinite info initial-delay initial-interval integer interface \
    ip-address ip6-address is key-algorithm known known-clients lcase lease lease-id-format \
    lease-time lease6 leased-address length let limit little-endian ll llt load local match max \
    max-life max-response-delay max-unacked-updates mclt media medium members my nameserver \
    netmask never new next no noerror normal not notauth notimp notzone null nxdomain nxrrset \
    octal of omapi open or owner packet partner partner-down paused peer pick pick-first-value \
    pool pool6 port potential-conflict preferred-life prefix6 primary primary6 pseudo range \
    range6 rebind reboot recover recover-done recover-wait refresh refused reject release \
    released remove renew request require reserved reset resolution-interrupted retry reverse \
    rewind script search secondary secondary6 seconds secret select select-timeout server \
    server-duid server-identifier servfail shared-network shutdown siaddr signed size space \
    spawn split starts startup state static string subclass subnet subnet6 substring suffix \
    temporary text timeout timestamp token-ring transmission tsfp tstp ucase uid unauthenticated \
    unknown unknown-clients unknown-state unsigned update user-class v6relay v6relopt vendor \
    vendor-class width with yiaddr yxdomain yxrrset zerolen";

/// What the server can be told; options of the space `server` as well.
pub(super) const SETTINGS: &str = "\
    abandon-lease-time adaptive-lease-time-threshold allow-booting allow-bootp always-broadcast \
    always-reply-rfc1048 bind-local-address6 boot-unknown-clients check-secs-byte-order \
    client-updates ddns-domainname ddns-dual-stack-mixed-mode ddns-guard-id-must-match \
    ddns-hostname ddns-local-address4 ddns-local-address6 ddns-other-guard-is-dynamic \
    ddns-rev-domainname ddns-ttl ddns-update-style ddns-updates declines default-lease-time \
    delayed-ack dhcp-cache-threshold dhcpv6-lease-file-name dhcpv6-pid-file-name \
    dhcpv6-set-tee-times do-forward-updates do-reverse-updates dont-use-fsync duplicates \
    dynamic-bootp dynamic-bootp-lease-cutoff dynamic-bootp-lease-length echo-client-id filename \
    fqdn-reply get-lease-hostnames ignore-client-uids infinite-is-reserved lease-file-name \
    leasequery limit-addrs-per-ia limit-prefs-per-ia limited-broadcast-address local-address \
    local-address6 local-port log-facility log-threshold-high log-threshold-low max-ack-delay \
    max-lease-time min-lease-time min-secs next-server omapi-key omapi-port one-lease-per-client \
    pid-file-name ping-check ping-cltt-secs ping-timeout ping-timeout-ms preferred-lifetime \
    prefix-length-mode release-on-roam remote-port server-id-check server-name site-option-space \
    stash-agent-options update-conflict-detection update-optimization update-static-leases \
    use-host-decl-names use-lease-addr-for-default-route vendor-option-space";

/// Options of DHCP.
pub(super) const OPTIONS: &str = "\
    all-subnets-local arp-cache-timeout associated-ip auto-config bcms-controller-address \
    bcms-controller-names boot-size bootfile-name broadcast-address capwap-ac-v4 \
    client-last-transaction-time cookie-servers default-ip-ttl default-tcp-ttl default-url \
    dhcp-client-identifier dhcp-lease-time dhcp-max-message-size dhcp-message dhcp-message-type \
    dhcp-option-overload dhcp-parameter-request-list dhcp-rebinding-time dhcp-renewal-time \
    dhcp-requested-address dhcp-server-identifier domain-name domain-name-servers domain-search \
    extensions-path finger-server font-servers fqdn geoconf-civic host-name \
    ieee802-3-encapsulation ien116-name-servers impress-servers interface-mtu ip-forwarding \
    ipv4-address-andsf irc-server loader-configfile loader-pathprefix loader-reboottime \
    log-servers lpr-servers mask-supplier max-dgram-reassembly merit-dump mobile-ip-home-agent \
    name-service-search nds-context nds-servers nds-tree-name netbios-dd-server \
    netbios-name-servers netbios-node-type netbios-scope netinfo-server-address \
    netinfo-server-tag nis-domain nis-servers nisplus-domain nisplus-servers nntp-server \
    non-local-source-routing ntp-servers nwip-domain nwip-suboptions option-6rd pana-agent \
    path-mtu-aging-timeout path-mtu-plateau-table pcode perform-mask-discovery policy-filter \
    pop-server pxe-client-id pxe-interface-id pxe-system-type rdnss-selection \
    relay-agent-information resource-location-servers root-path router-discovery \
    router-solicitation-address routers sip-ua-cs-domains slp-directory-agent slp-service-scope \
    smtp-server static-routes streettalk-directory-assistance-server streettalk-server \
    subnet-mask subnet-selection swap-server tcode tcp-keepalive-garbage tcp-keepalive-interval \
    tftp-server-address tftp-server-name time-offset time-servers trailer-encapsulation \
    uap-servers user-class v4-access-domain v4-captive-portal v4-lost v4-portparams \
    v6-only-preferred vendor-class-identifier vendor-encapsulated-options vivco vivso www-server \
    x-display-manager";

/// Options of other spaces.
pub(super) const SPACES: &[(&str, &str)] = &[
    (
        "agent",
        "\
        agent-id circuit-id docsis-device-class link-selection relay-port remote-id",
    ),
    (
        "dhcp6",
        "\
        aftr-name bcms-server-a bcms-server-d bootfile-param bootfile-url capwap-ac-v6 \
        client-arch-type client-data client-id client-linklayer-addr clt-time \
        dhcp4-o-dhcp6-server dhcpv4-msg domain-search elapsed-time ero \
        erp-local-domain-name fqdn geoconf-civic ia-addr ia-na ia-pd ia-prefix ia-ta \
        inf-max-rt info-refresh-time interface-id ipv6-address-andsf link-address \
        lq-client-link lq-query lq-relay-data name-servers new-posix-timezone \
        new-tzdb-timezone nii nis-domain-name nis-servers nisp-domain-name nisp-servers \
        oro pana-agent preference rapid-commit rdnss-selection reconf-accept reconf-msg \
        relay-id relay-msg relay-source-port remote-id server-id sip-servers-addresses \
        sip-servers-names sip-ua-cs-list sntp-servers solmax-rt status-code subscriber-id \
        unicast v6-access-domain v6-captive-portal v6-lost vendor-opts",
    ),
    (
        "fqdn",
        "\
        domainname encoded fqdn hostname no-client-update rcode1 rcode2 server-update",
    ),
    ("isc", "media update-assist"),
    (
        "nwip",
        "\
        autoretries autoretry-secs illegal-1 illegal-2 illegal-3 illegal-4 \
        nearest-nwip-server nsq-broadcast nwip-1-1 preferred-dss primary-dss",
    ),
    ("vendor-class", "isc"),
];

/// True for a word of a list, in any case.
pub(super) fn has(list: &str, word: &[u8]) -> bool {
    list.split(' ')
        .any(|w| w.as_bytes().eq_ignore_ascii_case(word))
}
