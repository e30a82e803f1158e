// The rules of a policy, one file a service.
function(text)
  local policy = std.parseYaml(text);

  local rule(name) =
    local alert = policy.alerts[name];
    local service = policy.services[alert.service];
    local severity = policy.severities[alert.severity];
    {
      alert: name,
      expr: alert.expr,
      [if alert['for'] != '0s' then 'for']: alert['for'],
      labels: {
        containment: '',
        duty: '',
        environment: policy.environment,
        escalation: service.escalation,
        incident: '',
        page_each: std.join(',', std.sort(std.get(alert, 'page_each', []))),
        service: alert.service,
        severity: alert.severity,
        team: service.team,
      },
      annotations: {
        summary: alert.summary,
        description: alert.details,
        [if std.member(['P0', 'P1'], alert.severity) then 'public']: service.public,
        runbook_url: policy.runbooks[service.runbook].url,
        acknowledge_within: severity.acknowledge,
        resolve_within: if severity.resolve == 'next-sprint' then 'the next sprint' else severity.resolve,
      },
    };

  // Looking through all alerts for each service would take the square of their number: sort once, then cut.
  local serviceOf(name) = policy.alerts[name].service;
  local names = std.sort(std.objectFields(policy.alerts), serviceOf);
  local count = std.length(names);
  local begins = [i for i in std.range(0, count - 1) if i == 0 || serviceOf(names[i]) != serviceOf(names[i - 1])] + [count];
  {
    [serviceOf(names[begins[k]]) + '.yaml']: {
      groups: [{
        name: serviceOf(names[begins[k]]),
        interval: policy.stack.prometheus.evaluate,
        rules: [rule(names[i]) for i in std.range(begins[k], begins[k + 1] - 1)],
      }],
    }
    for k in std.range(0, std.length(begins) - 2)
  }
