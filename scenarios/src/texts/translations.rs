//! What Postgres says in other languages (lc_messages), from its own message catalogues of version 15. An
//! SQLSTATE beside the text decides in any language; these are for texts that come without one.

use super::{ErrorText, Layer};

const fn says(
    language: &'static str,
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
) -> ErrorText {
    ErrorText::new("PostgreSQL", Layer::Server, pieces, scenarios, "").versions(language)
}

const RECOVERS: &[&str] = &["oom-kill", "restart-storm"];
const STARTS: &[&str] = &["restart-storm", "oom-kill"];
const ENDED: &[&str] = &["restart-storm", "idle-killed"];
const ABORTED: &[&str] = &["cancelled-request", "shared-transaction"];

pub static TEXTS: &[ErrorText] = &[
    says("German", &["tut mir leid, schon zu viele Verbindungen"], &["too-many-clients"]),
    says("German", &["die verbleibenden Verbindungen sind für Superuser"], &["reserved-slots"]),
    says("German", &["zu viele Verbindungen von Rolle"], &["role-limit"]),
    says("German", &["zu viele Verbindungen für Datenbank"], &["role-limit"]),
    says("German", &["das Datenbanksystem startet"], STARTS),
    says("German", &["das Datenbanksystem ist im Wiederherstellungsmodus"], RECOVERS),
    says("German", &["Verbindung wird abgebrochen aufgrund von Anweisung des Administrators"], ENDED),
    says(
        "German",
        &["Verbindung wird abgebrochen wegen Absturz eines anderen Serverprozesses"],
        &["oom-kill"],
    ),
    says(
        "German",
        &["Verbindung wird abgebrochen wegen Zeitüberschreitung in inaktiver Sitzung"],
        &["idle-killed"],
    ),
    says("German", &["aktuelle Transaktion wurde abgebrochen, Befehle werden bis zum Ende"], ABORTED),
    says("German", &["vorbereitete Anweisung »", "« existiert nicht"], &["pgbouncer-prepared"]),
    says("German", &["vorbereitete Anweisung »", "« existiert bereits"], &["pgbouncer-prepared"]),
    says("French", &["désolé, trop de clients sont déjà connectés"], &["too-many-clients"]),
    says("French", &["les emplacements de connexions restants sont réservés"], &["reserved-slots"]),
    says("French", &["trop de connexions pour le rôle"], &["role-limit"]),
    says("French", &["trop de connexions pour la base de données"], &["role-limit"]),
    says("French", &["le système de bases de données se lance"], STARTS),
    says("French", &["le système de bases de données est en cours de restauration"], RECOVERS),
    says("French", &["arrêt des connexions suite à la demande de l'administrateur"], ENDED),
    says("French", &["la transaction est annulée, les commandes sont ignorées"], ABORTED),
    says("Spanish", &["lo siento, ya tenemos demasiados clientes"], &["too-many-clients"]),
    says("Spanish", &["las conexiones restantes están reservadas a superusuarios"], &["reserved-slots"]),
    says("Spanish", &["demasiadas conexiones para el rol"], &["role-limit"]),
    says("Spanish", &["el sistema de base de datos está iniciándose"], STARTS),
    says("Spanish", &["el sistema de base de datos está en modo de recuperación"], RECOVERS),
    says("Spanish", &["terminando la conexión debido a una orden del administrador"], ENDED),
    says("Spanish", &["transacción abortada, las órdenes serán ignoradas"], ABORTED),
    says("Italian", &["spiacente, troppi client già connessi"], &["too-many-clients"]),
    says("Italian", &["slot di connessione sono riservati"], &["reserved-slots"]),
    says("Italian", &["troppe connessioni per il ruolo"], &["role-limit"]),
    says("Russian", &["извините, уже слишком много клиентов"], &["too-many-clients"]),
    says("Russian", &["оставшиеся слоты подключений зарезервированы"], &["reserved-slots"]),
    says("Russian", &["слишком много подключений для роли"], &["role-limit"]),
    says("Russian", &["система баз данных запускается"], STARTS),
    says("Russian", &["система баз данных в режиме восстановления"], RECOVERS),
    says("Russian", &["закрытие подключения по команде администратора"], ENDED),
    says("Russian", &["текущая транзакция прервана, команды до конца"], ABORTED),
    says("Japanese", &["現在クライアント数が多すぎます"], &["too-many-clients"]),
    says("Japanese", &["残りの接続スロットは", "予約されています"], &["reserved-slots"]),
    says("Japanese", &["ロール\"", "\"からの接続が多すぎます"], &["role-limit"]),
    says("Japanese", &["データベースシステムは起動処理中です"], STARTS),
    says("Japanese", &["データベースシステムはリカバリモードです"], RECOVERS),
    says("Japanese", &["管理者コマンドにより接続を終了しています"], ENDED),
    says("Japanese", &["現在のトランザクションがアボートしました"], ABORTED),
    says("Chinese", &["对不起, 已经有太多的客户"], &["too-many-clients"]),
    says("Chinese", &["已保留的连接位置为执行非复制请求的超级用户预留"], &["reserved-slots"]),
    says("Chinese", &["由角色\"", "\"发起的连接太多了"], &["role-limit"]),
    says("Chinese", &["数据库系统启动中"], STARTS),
    says("Chinese", &["数据库系统在恢复模式中"], RECOVERS),
    says("Chinese", &["由于管理员命令中断联接"], ENDED),
    says("Chinese", &["当前事务被终止"], ABORTED),
];
