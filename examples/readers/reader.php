<?php
// A reader in PHP: works off the feed after a number that it keeps in a file; run it as often as you like.
//
//     LMS_DATABASE_URL=postgresql://... php examples/readers/reader.php cursor.txt
//
// It prints one JSON object a line: the open assignments of each student of whom something has changed, and the ids of
// assignments to drop, whose student was erased.

declare(strict_types=1);

/** Open a connection from a URL such as `souschef lms-login` prints. */
function connect(string $url): PDO
{
    $parts = parse_url($url);
    parse_str($parts['query'] ?? '', $options);
    $names = [
        'host' => $options['host'] ?? $parts['host'] ?? null,
        'port' => $options['port'] ?? $parts['port'] ?? null,
        'dbname' => rawurldecode(ltrim($parts['path'] ?? '', '/')),
    ];
    $dsn = 'pgsql:' . http_build_query(array_filter($names), '', ';');
    return new PDO(urldecode($dsn), rawurldecode($parts['user']), rawurldecode($parts['pass']), [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
    ]);
}

$cursor = $argv[1];
$last = is_file($cursor) ? (int) file_get_contents($cursor) : 0;
$database = connect((string) getenv('LMS_DATABASE_URL'));
$changes = $database->prepare(
    'SELECT number, student_ref, kind, state, assignment_id
       FROM lms.assignment_changes WHERE number > ? ORDER BY number LIMIT 500'
);
$open = $database->prepare(
    "SELECT slot, menu_position, assignment_id, title, url, because_gap, because_interest, version
       FROM lms.assignments
      WHERE student_ref = ? AND state IN ('proposed', 'assigned', 'started')
      ORDER BY slot, menu_position"
);
while (true) {
    $changes->execute([$last]);
    $rows = $changes->fetchAll();
    if ($rows === []) {
        break;
    }
    $students = [];
    $drop = [];
    foreach ($rows as $row) {
        if ($row['student_ref'] === '') {
            if ($row['state'] === 'withdrawn') {
                $drop[] = $row['assignment_id'];
            }
        } elseif ($row['kind'] === 'assignment') {
            $students[$row['student_ref']] = true;
        }
    }
    if ($drop !== []) {
        echo json_encode(['drop' => $drop], JSON_THROW_ON_ERROR), "\n";
    }
    ksort($students, SORT_STRING);
    foreach (array_keys($students) as $student) {
        $open->execute([(string) $student]);
        echo json_encode(['student' => (string) $student, 'assignments' => $open->fetchAll()], JSON_THROW_ON_ERROR), "\n";
    }
    $last = (int) end($rows)['number'];
    // Only now: a reader that dies before this line reads the same changes again, which does no harm.
    file_put_contents($cursor, (string) $last);
}
